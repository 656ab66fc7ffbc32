import { networks } from "./rows/networks.ts";
import { normVariants } from "./rows/norm-variants.ts";
import { operations } from "./rows/operations.ts";
import { overheads } from "./rows/overheads.ts";
import type { Row } from "./rows/row.ts";

/** All lines of the comparison, in the order of the table. */
export const rows: readonly Row[] = [...networks, ...operations, ...normVariants, ...overheads];
