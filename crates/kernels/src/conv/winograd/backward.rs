//! The adjoints, of which each takes `dM = A dy A^T`: `dx = B [U^T . dM] B^T` and
//! `dw = G^T [sum over tiles of (B^T x B)^T . dM] G`.

use super::plan::Plan;
use super::products::{accumulate, multiply};
use super::tile::Tile;
use super::weights;
use crate::conv::geometry::Conv2d;
use crate::conv::partial::{PartialSums, partial_sums};
use crate::parallel::{Parts, PerThread, for_each, share, tasks};
use crate::workspace::{OutOfMemory, Workspace, cut, cut_len};

/// `dx` and `dw`, where they are wanted. Images are cut among the tasks whole: the tiles of dx overlap.
pub fn backward(
    tile: &'static Tile,
    g: &Conv2d,
    x: &[f32],
    dy: &[f32],
    w: &[f32],
    dx: Option<&mut [f32]>,
    dw: Option<&mut [f32]>,
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let plan = Plan::of(tile, g);
    let Plan { of_x, of_y, of_v, of_m, .. } = plan;
    let count = if dw.is_some() { partial_sums(g) } else { tasks(g.batch, 1) };
    let transformed = weights::len(tile, g);
    let du_len = if dw.is_some() { transformed } else { 0 };
    let lengths = [of_v.len(), of_m.len(), of_x.len().max(of_y.len()), of_x.len(), du_len];
    let mine = cut_len(&lengths);
    let partial_len = dw.as_ref().map_or(0, |dw| PartialSums::scratch_len(count, dw.len()));
    let u_len = if dx.is_some() { transformed } else { 0 };
    let [u, packed, partial_sums, scratch] = workspace.split([u_len, u_len, partial_len, PerThread::total(mine)])?;
    if dx.is_some() {
        weights::pack_transposed(tile, g, w, packed, u);
    }
    let (scratch, dx, u) = (PerThread::of(scratch, mine), dx.map(Parts::of), &*u);
    let sums = dw.map(|dw| PartialSums::of(count, dw, partial_sums));
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let [v, m, band, sum_band, du] = cut(unsafe { scratch.of_task(task) }, lengths);
        du.fill(0.0);
        let images = share(task.index, count, g.batch);
        for rows in plan.blocks(images.start * plan.rows..images.end * plan.rows) {
            for (i, (image, index)) in rows.clone().map(|row| plan.place(row)).enumerate() {
                let dy = &dy[image * of_y.image_len()..][..of_y.image_len()];
                of_y.read(index, dy, &mut band[..of_y.len()]);
                let m = &mut m[plan.start(of_m, i)..];
                (tile.output_adjoint)(plan.row(of_m), band, of_y.grid(), m, plan.grid(of_m));
            }
            if sums.is_some() {
                for (i, (image, index)) in rows.clone().map(|row| plan.place(row)).enumerate() {
                    let x = &x[image * of_x.image_len()..][..of_x.image_len()];
                    of_x.read(index, x, &mut band[..of_x.len()]);
                    (tile.input)(plan.row(of_v), band, of_x.grid(), &mut v[plan.start(of_v, i)..], plan.grid(of_v));
                }
                accumulate(plan.tiles(&rows), of_v, v, of_m, m, du);
            }
            if let Some(dx) = &dx {
                multiply(plan.tiles(&rows), of_m, m, u, of_v, v);
                for (i, (image, index)) in rows.map(|row| plan.place(row)).enumerate() {
                    if index == 0 {
                        sum_band.fill(0.0);
                    }
                    let v = &v[plan.start(of_v, i)..];
                    (tile.input_adjoint)(plan.row(of_v), v, plan.grid(of_v), sum_band, of_x.grid());
                    // Safety: every image belongs to one task.
                    let dx = unsafe { dx.part(image * of_x.image_len()..(image + 1) * of_x.image_len()) };
                    of_x.write_sums(index, index + 1 == plan.rows, sum_band, dx);
                }
            }
        }
        if let Some(sums) = &sums {
            // Safety: this is the task that runs.
            weights::unpack_gradient(tile, g, du, unsafe { sums.of_task(task) });
        }
    });
    if let Some(sums) = sums {
        sums.add_up();
    }
    Ok(())
}
