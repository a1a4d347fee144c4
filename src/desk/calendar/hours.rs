//! Which calendar holds where: service regions, and what belongs to them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::error::DeskError;
use super::super::label::Label;
use super::read::Written;
use super::{Calendar, holidays};

const FILE: &str = "hours.toml";

/// Whether the service works as always, or as in a major incident: around the clock where a calendar says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Footing {
    /// As always.
    #[default]
    Normal,
    /// Something big is down.
    MajorIncident,
}

/// A part of the world that one team serves.
#[derive(Clone, Debug)]
pub struct Region {
    /// Its code, such as `mainland`.
    pub code: String,
    /// Its name.
    pub label: Label,
    desk: Calendar,
    incident_24h: bool,
    working: Calendar,
    prefixes: Vec<String>,
    names: Vec<String>,
}

/// All calendars and regions.
#[derive(Clone, Debug)]
pub struct Hours {
    calendars: BTreeMap<String, (Calendar, bool)>,
    /// At least one; the first is the default.
    regions: Vec<Region>,
    default: usize,
    places: Vec<(String, Vec<String>)>,
    always: Calendar,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: String,
    calendars: BTreeMap<String, Written>,
    regions: Vec<WrittenRegion>,
    #[serde(default)]
    places: Vec<Place>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRegion {
    code: String,
    label: Label,
    desk: String,
    working: Option<String>,
    #[serde(default)]
    prefixes: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    code: String,
    names: Vec<String>,
}

impl Hours {
    /// From the texts of `hours.toml` and `holidays.toml`.
    pub fn parse(hours: &str, holidays: &str) -> Result<Self, DeskError> {
        let tables = holidays::parse(holidays)?;
        let file: File = toml::from_str(hours).map_err(|error| DeskError::unreadable(FILE, hours, &error))?;
        let mut calendars = BTreeMap::new();
        for (name, written) in &file.calendars {
            calendars.insert(name.clone(), (written.read(name, &tables)?, written.incident_24h));
        }
        let regions = file.regions.into_iter().map(|region| region.read(&calendars));
        let regions = regions.collect::<Result<Vec<Region>, _>>()?;
        let default = regions.iter().position(|region| region.code == file.default).ok_or_else(|| {
            DeskError::unusable(FILE, "default", format!("{:?} is the code of no region", file.default))
        })?;
        let places = file.places.into_iter().map(|place| (place.code, place.names)).collect();
        Ok(Self { calendars, regions, default, places, always: Calendar::always() })
    }

    /// The service region of what a person or page says: its code, a region such as `cn-hangzhou`, a place. The default where
    /// it says nothing that is known.
    pub fn region_of(&self, region: Option<&str>) -> &Region {
        self.region_in(region.unwrap_or_default()).unwrap_or(&self.regions[self.default])
    }

    /// The service region that a text names; `None` where it names none.
    pub fn region_in(&self, text: &str) -> Option<&Region> {
        let text = text.trim().to_lowercase();
        let place = self.place(&text).map(str::to_owned).unwrap_or(text);
        let fits = |region: &Region| region.fit(&place);
        self.regions.iter().max_by_key(|region| fits(region)).filter(|region| fits(region) > 0)
    }

    /// When people are there.
    pub fn desk(&self, region: Option<&str>, footing: Footing) -> &Calendar {
        let region = self.region_of(region);
        match footing {
            Footing::MajorIncident if region.incident_24h => &self.always,
            _ => &region.desk,
        }
    }

    /// What counts as working time for service levels. Does not depend on incidents, so that a clock that runs stays exact.
    pub fn working(&self, region: Option<&str>) -> &Calendar {
        &self.region_of(region).working
    }

    /// A calendar by its name, on a footing.
    pub fn calendar(&self, name: &str, footing: Footing) -> Option<&Calendar> {
        let (calendar, incident_24h) = self.calendars.get(name)?;
        let around_the_clock = footing == Footing::MajorIncident && *incident_24h;
        Some(if around_the_clock { &self.always } else { calendar })
    }

    /// All regions.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The code of the region that a text names, such as `cn-hangzhou` for 杭州 or 华东1; the longest name decides.
    pub fn place(&self, text: &str) -> Option<&str> {
        let text = text.trim().to_lowercase().replace(' ', "");
        let named = self.places.iter().flat_map(|(code, names)| {
            let names = names.iter().chain([code]).filter(|name| text.contains(&name.replace(' ', "")));
            names.map(move |name| (name.chars().count(), code))
        });
        // The first of equally long names: a list is read from the top.
        named.rev().max_by_key(|(length, _)| *length).map(|(_, code)| code.as_str())
    }
}

impl WrittenRegion {
    fn read(self, calendars: &BTreeMap<String, (Calendar, bool)>) -> Result<Region, DeskError> {
        let find = |name: &str| {
            let reason = format!("{name:?} is no calendar; there are {:?}", calendars.keys());
            let missing = || DeskError::unusable(FILE, format!("regions {}", self.code), reason);
            calendars.get(name).cloned().ok_or_else(missing)
        };
        let (desk, incident_24h) = find(&self.desk)?;
        let working = self.working.as_deref().map(find).transpose()?.map(|(calendar, _)| calendar);
        let working = working.unwrap_or_else(|| desk.clone());
        let (prefixes, names) = (self.prefixes, self.names);
        Ok(Region { code: self.code, label: self.label, desk, incident_24h, working, prefixes, names })
    }
}

impl Region {
    /// How well a text fits: the letters of its code, prefix or name that are in it; 0 where none is.
    fn fit(&self, text: &str) -> usize {
        if text == self.code {
            return usize::MAX;
        }
        let prefixes = self.prefixes.iter().filter(|prefix| text.starts_with(prefix.as_str()));
        let names = self.names.iter().filter(|name| text.contains(name.as_str()));
        prefixes.chain(names).map(|part| part.chars().count()).max().unwrap_or(0)
    }
}
