//! Disks that are full and folders that may not be written: an error that says so, and what was there stays.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Place, Rebuild, lines};

/// A small disk mounted on a folder, until dropped.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// `None` where this user may not mount; says so.
    fn mount(folder: &'a Path, options: &str) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        let done = mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).output();
        if done.is_ok_and(|done| done.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED: a test of full disks needs the right to mount");
        None
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        // Lazily: files may still be open.
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_under_the_index_is_named_and_the_old_index_stays() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..200));
    let index = place.folder.path().join("index");
    let Some(_disk) = SmallDisk::mount(&index, "size=24m") else { return };
    place.import(&file).await;
    let old = place.generation();
    let used: u64 = fs::read_dir(&old).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    // Full but for half of a new index.
    let ballast = index.join("ballast");
    fs::write(&ballast, vec![1; 32 << 20]).unwrap_err();
    let length = fs::metadata(&ballast).unwrap().len();
    fs::File::options().write(true).open(&ballast).unwrap().set_len(length - used / 2).unwrap();
    let error = place.app.update_index(Rebuild::Always, &mut |_| {}).await.unwrap_err().to_string();
    assert!(error.contains("no space is left on the disk of the index"), "{error}");
    assert_eq!((place.generation(), place.body("c7").is_some()), (old, true));

    fs::remove_file(ballast).unwrap();
    assert_eq!(place.update(Rebuild::Always).await.cases, 200);
}

#[tokio::test]
async fn a_full_disk_under_the_data_is_named_and_a_rerun_completes_it() {
    let mut place = Place::new();
    let noise =
        |n: usize| (0..400).map(|k| format!("{:x}", (n * 400 + k) * 2_654_435_761)).collect::<String>();
    let text: String = (0..800).map(|n| super::line(n, &noise(n))).collect();
    let file = place.write("cases.jsonl", &text);
    let data = place.folder.path().join("data");
    let Some(disk) = SmallDisk::mount(&data, "size=1m") else { return };
    let error = place.try_import(std::slice::from_ref(&file)).await.unwrap_err().to_string();
    assert!(error.contains("no space is left on the disk"), "{error}");
    disk.remount("size=64m");
    let mut place = place.again();
    assert_eq!(place.import(&file).await.indexed.cases, 800);
}

#[tokio::test]
async fn an_index_folder_that_cannot_be_written_is_named() {
    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..5));
    place.write("index", "a file in place of the folder");
    let error = place.try_import(&[file]).await.unwrap_err().to_string();
    assert!(error.contains("the index in") && error.contains("cannot be read or written"), "{error}");

    let mut place = Place::new();
    let file = place.write("cases.jsonl", &lines(0..5));
    let index = place.folder.path().join("index");
    let Some(_disk) = SmallDisk::mount(&index, "size=1m,ro") else { return };
    let error = place.try_import(&[file]).await.unwrap_err().to_string();
    assert!(error.contains("Read-only file system"), "{error}");
}
