//! Bands: the rows of an image that one row of tiles sees, copied with their padding into a small buffer. There every
//! tile is whole, whatever the padding and the ragged edge, and the transforms touch a few rows in L1 instead of the
//! image. Written from a band, the rows of an image are one stream: transforming into them tile by tile took twice as
//! long.

use super::tile::Grid;
use core::ops::Range;

/// The bands of the images of one tensor.
#[derive(Clone, Copy)]
pub struct Bands {
    /// Rows and columns of an image.
    pub image: [usize; 2],
    /// Rows above and columns left of the image that the first tiles see.
    pub pad: [usize; 2],
    pub channels: usize,
    /// Rows and columns of a band.
    pub height: usize,
    pub width: usize,
    /// Rows from one band to the next, columns from one tile to the next.
    pub step: usize,
}

impl Bands {
    pub fn image_len(&self) -> usize {
        self.image[0] * self.image[1] * self.channels
    }

    fn line(&self) -> usize {
        self.width * self.channels
    }

    pub fn len(&self) -> usize {
        self.height * self.line()
    }

    /// Where a band has the elements of its tiles.
    pub fn grid(&self) -> Grid {
        Grid { tile: self.step * self.channels, row: self.line(), column: self.channels }
    }

    /// The floats of a band's line that are inside the image.
    fn columns(&self) -> Range<usize> {
        let left = self.pad[1].min(self.width);
        left * self.channels..(left + self.image[1]).min(self.width) * self.channels
    }

    /// Where the columns of line `line` of band `index` start in the image; `None` above and below it.
    fn place(&self, index: usize, line: usize) -> Option<usize> {
        let row = (index * self.step + line).checked_sub(self.pad[0]).filter(|&row| row < self.image[0])?;
        Some(row * self.image[1] * self.channels)
    }

    /// The lines of band `index`, zeros around the image.
    pub fn read(&self, index: usize, image: &[f32], band: &mut [f32]) {
        let columns = self.columns();
        for (i, line) in band.chunks_exact_mut(self.line()).enumerate() {
            match self.place(index, i) {
                None => line.fill(0.0),
                Some(place) => {
                    line[..columns.start].fill(0.0);
                    line[columns.clone()].copy_from_slice(&image[place..][..columns.len()]);
                    line[columns.end..].fill(0.0);
                }
            }
        }
    }

    /// Band `index` into its rows of the image, whose first one is row `first`.
    pub fn write(&self, index: usize, band: &[f32], rows: &mut [f32], first: usize) {
        let columns = self.columns();
        let skipped = first * self.image[1] * self.channels;
        for (i, line) in band.chunks_exact(self.line()).enumerate() {
            if let Some(place) = self.place(index, i) {
                rows[place - skipped..][..columns.len()].copy_from_slice(&line[columns.clone()]);
            }
        }
    }

    /// What is complete of a sum of overlapping bands, into the image; the rest becomes the beginning of the next band.
    pub fn write_sums(&self, index: usize, last: bool, band: &mut [f32], image: &mut [f32]) {
        let complete = if last { band.len() } else { self.step * self.line() };
        self.write(index, &band[..complete], image, 0);
        band.copy_within(complete.., 0);
        let kept = band.len() - complete;
        band[kept..].fill(0.0);
    }
}
