//! Whom to call: the lines for somebody's place, class and matter, with times as their clocks show them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::answer::render::{CallLine, Facts, Place};
use crate::desk::calendar::Footing;
use crate::desk::directory::{LineView, Wanted, lines_for};
use crate::dialogue::understanding::Slot;

use super::turn::Run;

/// As many as a person reads in an emergency.
const MOST: usize = 4;
/// The clock of most people here.
pub(super) const HERE: &str = "Asia/Shanghai";

impl Run<'_> {
    /// The lines that the last words ask for. What they say goes before what is known of the person.
    pub(super) fn calling(&self, facts: &mut Facts) {
        let (policy, now, footing) = (&self.service.inner.policy, self.now, self.footing());
        let c = &self.live.conversation;
        let said = self.last_words();
        let named = policy.hours.region_in(said).map(|region| region.code.clone());
        let known = || c.slots.get(&Slot::Region).or(c.person.region.as_ref()).cloned();
        let region = named.or_else(known);
        let (purpose, tier) = policy.directory.named(said);
        let (tier, urgent) = (tier.unwrap_or(c.person.tier), c.priority.is_some());
        let served = policy.hours.region_of(region.as_deref());
        let desk = policy.hours.desk(region.as_deref(), footing);
        let zone = policy.hours.desk(region.as_deref(), Footing::Normal).zone();
        let lines =
            lines_for(policy, &Wanted { region: region.clone(), tier, purpose, urgent }, now, footing);
        facts.lines = lines.into_iter().take(MOST).map(|line| call_line(line, now, zone)).collect();
        facts.called_from = Some(Place {
            label: served.label.clone(),
            clock: clock_time(now, now, zone),
            abroad: policy.hours.region_of(None).code != served.code,
            open: desk.open_at(now),
        });
    }
}

/// A line with its times as clocks of `zone` show them.
pub(super) fn call_line(line: LineView, now: i64, zone: &str) -> CallLine {
    let opening = line.next_opening.map(|at| clock_time(at, now, zone));
    // Only another zone needs its name.
    let hours = line.hours.map(|hours| hours.strip_suffix(zone).unwrap_or(&hours).trim_end().to_owned());
    CallLine { line: LineView { hours, ..line }, opening }
}

/// A time as people of `zone` read it: the hour, with the day where it is not today.
pub(super) fn clock_time(at: i64, now: i64, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let local = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(zone.clone());
    let (at, now) = (local(at), local(now));
    match at.date() == now.date() {
        true => at.strftime("%H:%M").to_string(),
        false => at.strftime("%m-%d %H:%M").to_string(),
    }
}
