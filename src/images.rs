//! The files of uploaded images: one for each, named by its id, in a folder of the data directory.
//!
//! An image is written to a file of its own while it arrives, and takes its name when it is whole and on disk. The row
//! that knows it is written after that, so a file may be without a row (and is taken away by [`Files`]), but no row is
//! without its file.

use std::fs::DirBuilder;
use std::io::{BufReader, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use imagesize::ImageType as Kind;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;

use crate::domain::image::{ImageInfo, ImageType};
use crate::domain::{Error, ImageId, Result, Timestamp, Violation};

/// Files that are still being written end in this.
const UNFINISHED: &str = "part";

/// What an image may be.
#[derive(Clone, Copy, Debug)]
pub struct ImageLimits {
    /// Length of the file.
    pub max_bytes: usize,
    /// Width by height: what it takes to show it, whatever the file's length.
    pub max_pixels: u64,
    /// Images of one pet.
    pub max_per_pet: usize,
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Images {
    dir: Arc<Path>,
    limits: ImageLimits,
}

impl Images {
    /// Makes the folder when there is none, and takes away what an earlier process did not finish.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be made or read.
    pub fn open(dir: &Path, limits: ImageLimits) -> Result<Self> {
        let prepare = || {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(dir)?;
            for entry in std::fs::read_dir(dir)? {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                    std::fs::remove_file(path)?;
                }
            }
            Ok(())
        };
        prepare().map_err(|error: std::io::Error| {
            Error::unavailable(format!("{} cannot be opened: {error}", dir.display()))
        })?;
        Ok(Self { dir: dir.into(), limits })
    }

    /// What an image may be.
    pub fn limits(&self) -> ImageLimits {
        self.limits
    }

    /// What an image in memory is, by the same rules as one in a file.
    ///
    /// # Errors
    /// [`Error::UnsupportedMediaType`] and [`Error::Invalid`] as [`Incoming::finish`].
    pub fn inspect(&self, bytes: &[u8]) -> Result<ImageInfo> {
        inspect(std::io::Cursor::new(bytes), bytes.len() as u64, self.limits.max_pixels)
    }

    fn path(&self, id: ImageId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// Begins the file of a new image, of at most `max_bytes`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be made.
    pub async fn begin(&self, id: ImageId, max_bytes: usize) -> Result<Incoming> {
        let path = self.path(id).with_extension(UNFINISHED);
        let file =
            fs::OpenOptions::new().write(true).read(true).create_new(true).mode(0o600).open(&path).await;
        let file = file.map_err(Error::unavailable)?;
        Ok(Incoming { images: self.clone(), id, file, path: Some(path), written: 0, max_bytes })
    }

    /// The file of an image.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone, [`Error::Unavailable`] when it cannot be read.
    pub async fn read(&self, id: ImageId) -> Result<fs::File> {
        fs::File::open(self.path(id)).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::NotFound("image"),
            _ => Error::unavailable(error),
        })
    }

    /// Takes a file away, if it is there.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it stays.
    pub async fn remove(&self, id: ImageId) -> Result<()> {
        match fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::unavailable(error)),
            _ => Ok(()),
        }
    }

    /// Goes through the files that were last written before `before`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the folder cannot be read.
    pub async fn files(&self, before: Timestamp) -> Result<Files> {
        let entries = fs::read_dir(&self.dir).await.map_err(Error::unavailable)?;
        Ok(Files { entries, before })
    }
}

/// Goes through the folder.
pub struct Files {
    entries: fs::ReadDir,
    before: Timestamp,
}

impl Files {
    /// Up to `limit` more images; none when there are no more.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the folder cannot be read.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<ImageId>> {
        let mut found = Vec::new();
        let age = Duration::from_millis(self.before.as_ms().max(0).unsigned_abs());
        while found.len() < limit {
            let Some(entry) = self.entries.next_entry().await.map_err(Error::unavailable)? else { break };
            let Ok(id) = ImageId::parse("file", &entry.file_name().to_string_lossy()) else { continue };
            // One that has gone meanwhile is no concern any more.
            let Ok(modified) = entry.metadata().await.and_then(|metadata| metadata.modified()) else {
                continue;
            };
            if modified.duration_since(UNIX_EPOCH).is_ok_and(|modified| modified < age) {
                found.push(id);
            }
        }
        Ok(found)
    }
}

/// An image that arrives. Its file goes when this goes before it is finished.
#[derive(Debug)]
pub struct Incoming {
    images: Images,
    /// Its name to be.
    pub id: ImageId,
    file: fs::File,
    path: Option<PathBuf>,
    written: usize,
    max_bytes: usize,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // What cannot be removed now is removed at the next start.
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Incoming {
    /// Writes the next bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] naming `file`; [`Error::Unavailable`] when they cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let max_bytes = self.max_bytes;
        self.written = self.written.saturating_add(bytes.len());
        if self.written > max_bytes {
            return Err(Error::TooLarge { field: "file", max_bytes });
        }
        self.file.write_all(bytes).await.map_err(Error::unavailable)
    }

    /// Hands everything that was written to the system, so that others who open the file see it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it cannot be written.
    pub async fn flush(&mut self) -> Result<()> {
        self.file.flush().await.map_err(Error::unavailable)
    }

    /// All of it.
    ///
    /// # Errors
    /// [`Error::TooLarge`] naming `file`; [`Error::Unavailable`] when it cannot be read.
    pub async fn read(&self, max_bytes: usize) -> Result<Vec<u8>> {
        if self.written > max_bytes {
            return Err(Error::TooLarge { field: "file", max_bytes });
        }
        fs::read(self.path.as_deref().unwrap_or(Path::new(""))).await.map_err(Error::unavailable)
    }

    /// The same bytes as another image of that name to be; they are not copied where the file system can link.
    ///
    /// # Errors
    /// [`Error::TooLarge`] naming `file` when that is more than an image may have; [`Error::Unavailable`].
    pub async fn link(&self, id: ImageId) -> Result<Self> {
        let max_bytes = self.images.limits.max_bytes;
        if self.written > max_bytes {
            return Err(Error::TooLarge { field: "file", max_bytes });
        }
        let (images, written) = (self.images.clone(), self.written);
        let from = self.path.as_deref().unwrap_or(Path::new(""));
        let path = self.images.path(id).with_extension(UNFINISHED);
        let open = async {
            if fs::hard_link(from, &path).await.is_err() {
                fs::copy(from, &path).await?;
            }
            fs::File::open(&path).await
        };
        match open.await {
            Ok(file) => Ok(Self { images, id, file, path: Some(path), written, max_bytes }),
            Err(error) => {
                let _ = fs::remove_file(&path).await;
                Err(Error::unavailable(error))
            }
        }
    }

    /// Checks what it is, puts it on disk and gives it its name.
    ///
    /// # Errors
    /// [`Error::UnsupportedMediaType`] when the bytes are no image of a known form; [`Error::Invalid`] naming `file` when
    /// it is broken or has too many pixels; [`Error::Unavailable`] when it cannot be written.
    pub async fn finish(mut self) -> Result<(ImageId, ImageInfo)> {
        self.file.flush().await.map_err(Error::unavailable)?;
        let path = self.path.clone().unwrap_or_default();
        let (name, dir, max_pixels) =
            (self.images.path(self.id), self.images.dir.clone(), self.images.limits.max_pixels);
        let bytes = self.written as u64;
        let finish = move || {
            let file = std::fs::File::open(&path).map_err(Error::unavailable)?;
            let info = inspect(&file, bytes, max_pixels)?;
            let store = || {
                file.sync_all()?;
                std::fs::rename(&path, &name)?;
                std::fs::File::open(&dir)?.sync_all()
            };
            store().map(|()| info).map_err(Error::unavailable)
        };
        let info = tokio::task::spawn_blocking(finish).await.map_err(Error::internal)??;
        self.path = None;
        Ok((self.id, info))
    }
}

/// What the head of a file says; the picture itself is not decoded.
fn inspect(file: impl Read + Seek, bytes: u64, max_pixels: u64) -> Result<ImageInfo> {
    let refuse = |code, message: String| Error::invalid(Violation::new("file", code, message));
    let mut reader = BufReader::new(file);
    let media_type = match imagesize::reader_type(&mut reader) {
        Ok(Kind::Jpeg) => ImageType::Jpeg,
        Ok(Kind::Png) => ImageType::Png,
        Ok(Kind::Webp) => ImageType::WebP,
        _ => {
            return Err(Error::UnsupportedMediaType(
                "image/jpeg, image/png or image/webp, by what the file holds",
            ));
        }
    };
    reader.rewind().map_err(Error::unavailable)?;
    let size = imagesize::reader_size(&mut reader).map_err(|_| {
        refuse("invalid_image", format!("must be a whole image; it begins as {media_type} and is none"))
    })?;
    let small = |number: usize| u32::try_from(number).ok().filter(|number| *number > 0);
    let (Some(width), Some(height)) = (small(size.width), small(size.height)) else {
        return Err(refuse("invalid_image", "must be an image with a width and a height".to_owned()));
    };
    if u64::from(width) * u64::from(height) > max_pixels {
        let message = format!("must have at most {max_pixels} pixels; it has {width}×{height}");
        return Err(refuse("too_many_pixels", message));
    }
    Ok(ImageInfo { media_type, bytes, width, height })
}
