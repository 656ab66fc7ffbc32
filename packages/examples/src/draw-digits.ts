import process from "node:process";

/** Images of 28 × 28 bytes with the classes they belong to. */
interface Digits {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

const side = 28;
/** Digits keep a margin: rows and columns 3 to 24 are enough. */
const [first, end] = [3, 25];
const gap = "  ";

/** Draws the first images with what was predicted and, where that is wrong, the truth; as many beside as fit. */
export function drawDigits(digits: Digits, predicted: ArrayLike<number>): void {
  const width = end - first;
  const columns = Math.max(1, Math.floor(((process.stdout.columns ?? 80) + gap.length) / (width + gap.length)));
  const drawings = Array.from(predicted, (prediction, i) => {
    const truth = digits.labels[i];
    const verdict = prediction === truth ? `${prediction} ✓` : `${prediction} ✗ it is ${truth}`;
    return [...drawDigit(digits.images.subarray(i * side * side, (i + 1) * side * side)), verdict.padEnd(width)];
  });
  for (let i = 0; i < drawings.length; i += columns) {
    const beside = drawings.slice(i, i + columns);
    beside[0]!.forEach((_, line) =>
      console.log(
        beside
          .map((lines) => lines[line])
          .join(gap)
          .trimEnd(),
      ),
    );
  }
}

/** Two pixels a character, one above the other. */
function drawDigit(image: Uint8Array): string[] {
  const ink = (row: number, column: number): boolean => image[row * side + column]! >= 128;
  const lines: string[] = [];
  for (let row = first; row < end; row += 2) {
    const blocks = Array.from({ length: end - first }, (_, i) => {
      const [above, below] = [ink(row, first + i), ink(row + 1, first + i)];
      return above ? (below ? "█" : "▀") : below ? "▄" : " ";
    });
    lines.push(blocks.join(""));
  }
  return lines;
}
