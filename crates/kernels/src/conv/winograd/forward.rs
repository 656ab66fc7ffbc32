//! `y = A^T [U . (B^T x B)] A`.

use super::plan::Plan;
use super::products::multiply;
use super::tile::Tile;
use super::weights;
use crate::conv::geometry::Conv2d;
use crate::matmul::Epilogue;
use crate::parallel::{Parts, PerThread, for_each, share, tasks};
use crate::workspace::{OutOfMemory, Workspace, cut, cut_len};

/// Tiles of a task, at least: for fewer its share of the weights is not worth reading.
const TASK: usize = 16;

/// `y = epilogue(x * w)`. Not inlined among the other algorithms: together they take V8 40 ms to optimize, alone 5.
#[inline(never)]
pub fn forward(
    tile: &'static Tile,
    g: &Conv2d,
    x: &[f32],
    w: &[f32],
    epilogue: Epilogue,
    y: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let plan = Plan::of(tile, g);
    let Plan { of_x, of_y, of_v, of_m, .. } = plan;
    let lengths = [of_v.len(), of_m.len(), of_x.len().max(of_y.len())];
    let mine = cut_len(&lengths);
    let [u, scratch] = workspace.split([weights::len(tile, g), PerThread::total(mine)])?;
    weights::pack(tile, g, w, u);
    let (scratch, y, u) = (PerThread::of(scratch, mine), Parts::of(y), &*u);
    let rows = g.batch * plan.rows;
    let count = tasks(rows, TASK.div_ceil(plan.columns));
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let [v, m, band] = cut(unsafe { scratch.of_task(task) }, lengths);
        for rows in plan.blocks(share(task.index, count, rows)) {
            for (i, (image, index)) in rows.clone().map(|row| plan.place(row)).enumerate() {
                let x = &x[image * of_x.image_len()..][..of_x.image_len()];
                of_x.read(index, x, &mut band[..of_x.len()]);
                (tile.input)(plan.row(of_v), band, of_x.grid(), &mut v[plan.start(of_v, i)..], plan.grid(of_v));
            }
            multiply(plan.tiles(&rows), of_v, v, u, of_m, m);
            for (i, (image, index)) in rows.map(|row| plan.place(row)).enumerate() {
                (tile.output)(plan.row(of_m), &m[plan.start(of_m, i)..], plan.grid(of_m), band, of_y.grid());
                let band = &mut band[..of_y.len()];
                epilogue.finish_rows(band, g.filters);
                let lines = index * tile.out..g.out_h.min((index + 1) * tile.out);
                let at = |line| (image * g.out_h + line) * g.out_w * g.filters;
                // Safety: every row of tiles has its own rows of y.
                let y = unsafe { y.part(at(lines.start)..at(lines.end)) };
                of_y.write(index, band, y, lines.start);
            }
        }
    });
    Ok(())
}
