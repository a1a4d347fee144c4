//! The rules of the desk: the files of `kb/service`, and what they say when they have been read.

use std::collections::BTreeMap;

use super::alert::AlertPolicy;
use super::calendar::Hours;
use super::directory::Directory;
use super::error::DeskError;
use super::problem::Problems;
use super::routing::RoutingPolicy;
use super::sla::SlaPolicy;

/// The built-in text of each file, in the order of [`Files::NAMES`].
const SHIPPED: [&str; 7] = [
    include_str!("../../kb/service/hours.toml"),
    include_str!("../../kb/service/holidays.toml"),
    include_str!("../../kb/service/sla.toml"),
    include_str!("../../kb/service/problems.toml"),
    include_str!("../../kb/service/routing.toml"),
    include_str!("../../kb/service/alerts.toml"),
    include_str!("../../kb/service/directory.toml"),
];

/// The texts of `kb/service`. A file that is not given is the built-in one.
#[derive(Clone, Debug, Default)]
pub struct Files(BTreeMap<String, String>);

impl Files {
    /// The files that the desk reads.
    pub const NAMES: [&'static str; 7] = [
        "hours.toml",
        "holidays.toml",
        "sla.toml",
        "problems.toml",
        "routing.toml",
        "alerts.toml",
        "directory.toml",
    ];

    /// With the text of a file. That the desk reads no file of that name is said by [`Policy::parse`].
    pub fn with(mut self, name: &str, text: String) -> Self {
        self.0.insert(name.to_owned(), text);
        self
    }

    /// The text of one of [`Self::NAMES`].
    fn text(&self, number: usize) -> &str {
        self.0.get(Self::NAMES[number]).map_or(SHIPPED[number], String::as_str)
    }
}

/// Everything that the desk goes by.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Calendars and service regions.
    pub hours: Hours,
    /// Service levels.
    pub sla: SlaPolicy,
    /// The problem tree.
    pub problems: Problems,
    /// Queues and routing.
    pub routing: RoutingPolicy,
    /// The ladder of alerts.
    pub alerts: AlertPolicy,
    /// The phone lines.
    pub directory: Directory,
}

impl Policy {
    /// Reads the files, each of which must be whole; the error names file and key.
    pub fn parse(files: &Files) -> Result<Self, DeskError> {
        if let Some(name) = files.0.keys().find(|name| !Files::NAMES.contains(&name.as_str())) {
            return Err(DeskError::UnknownFile { name: name.clone(), known: Files::NAMES.join(", ") });
        }
        let hours = Hours::parse(files.text(0), files.text(1))?;
        let problems = Problems::parse(files.text(3))?;
        Ok(Self {
            sla: SlaPolicy::parse(files.text(2))?,
            routing: RoutingPolicy::parse(files.text(4), &problems, &hours)?,
            alerts: AlertPolicy::parse(files.text(5))?,
            directory: Directory::parse(files.text(6), &hours)?,
            hours,
            problems,
        })
    }

    /// The built-in rules.
    pub fn shipped() -> Result<Self, DeskError> {
        Self::parse(&Files::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_files_are_whole() {
        Policy::shipped().unwrap();
    }

    #[test]
    fn a_file_of_ones_own_takes_the_place_of_the_built_in_one() {
        let own = SHIPPED[2].replace("response = \"30m\"", "response = \"20m\"");
        let policy = Policy::parse(&Files::default().with("sla.toml", own)).unwrap();
        let targets = policy.sla.targets(crate::message::Severity::P1, crate::message::Tier::Standard);
        assert_eq!(targets.response_ms, 20 * 60_000);
    }

    #[test]
    fn every_file_says_what_is_wrong_with_it() {
        for name in Files::NAMES {
            for text in ["surprise = 1", "= ="] {
                let error = Policy::parse(&Files::default().with(name, text.to_owned())).unwrap_err();
                assert!(error.to_string().contains(name), "{error}");
            }
        }
        let error = Policy::parse(&Files::default().with("holiday.toml", String::new())).unwrap_err();
        assert!(error.to_string().contains("holidays.toml"), "{error}");
    }
}
