//! Counting: in total, over time, by a dimension.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::connection::ClickStore;
use super::scan::Scan;
use crate::domain::id::LinkId;
use crate::infra::click_store::columns::{Aggregation, Class, Grouping, Labels, Property};
use crate::infra::click_store::{
    Breakdown, BreakdownItem, ClickStoreError, Counts, Dimension, Include, LeftOut, Period, Selection, Value,
};

impl ClickStore {
    /// The selected clicks in total.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn summary(&self, selection: &Selection) -> Result<Counts, ClickStoreError> {
        Ok(self.count(Aggregation::new(selection.clone(), Grouping::Whole)).await?.counts(0))
    }

    /// What the selection leaves out of the clicks that it would count otherwise.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn left_out(&self, selection: &Selection) -> Result<LeftOut, ClickStoreError> {
        let by_class = Grouping::labels(Property::Class, Labels::Itself);
        let aggregation =
            Aggregation::of_clicks(Selection { include: Include::EVERYTHING, ..selection.clone() }, by_class);
        let mut left_out = LeftOut::default();
        for (class, counts) in self.count(aggregation).await?.labelled() {
            let class = Class::read(class.as_ref())?;
            left_out.add(selection, class, counts.clicks);
        }
        Ok(left_out)
    }

    /// The selected clicks of each of these periods, which must lie within the selection's own, one behind the other.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn timeseries(&self, selection: &Selection, periods: &[Period]) -> Result<Vec<Counts>, ClickStoreError> {
        let aggregation = self.count(Aggregation::new(selection.clone(), Grouping::Periods(periods.to_vec()))).await?;
        Ok((0..).zip(periods).map(|(number, _)| aggregation.counts(number)).collect())
    }

    /// The selected clicks of each of these links in each of these periods, which must lie within the selection's own, one behind the
    /// other.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn links_over_time(
        &self,
        selection: &Selection,
        links: &[LinkId],
        periods: &[Period],
    ) -> Result<Vec<Vec<u64>>, ClickStoreError> {
        let numbers = links.iter().map(|link| Value::Id(link.as_uuid())).zip(0..).collect();
        let grouping = Grouping::LinksOverTime { links: numbers, periods: periods.to_vec() };
        let aggregation = self.count(Aggregation::of_clicks(selection.of_links(links), grouping)).await?;
        let mut groups = (0..).map(|group| aggregation.counts(group).clicks);
        Ok(links.iter().map(|_| groups.by_ref().take(periods.len()).collect()).collect())
    }

    /// The selected clicks by `dimension`, most clicks first, at most `limit` values.
    ///
    /// # Errors
    /// The store is unavailable or too slow.
    pub async fn breakdown(
        &self,
        selection: &Selection,
        dimension: Dimension,
        limit: u32,
    ) -> Result<Breakdown, ClickStoreError> {
        self.breakdown_by(selection, Grouping::dimension(dimension), limit).await
    }

    async fn count(&self, aggregation: Aggregation) -> Result<Aggregation, ClickStoreError> {
        Scan::begin(self, &aggregation).await?.run(aggregation).await
    }

    /// The selected clicks by what `grouping` says of them. The first pass finds the labels with the most clicks; the second counts the
    /// visitors of those, and of all others together.
    pub(super) async fn breakdown_by(
        &self,
        selection: &Selection,
        grouping: Grouping,
        limit: u32,
    ) -> Result<Breakdown, ClickStoreError> {
        let aggregation = Aggregation::of_clicks(selection.clone(), grouping);
        let mut scan = Scan::begin(self, &aggregation).await?;
        let aggregation = scan.run(aggregation).await?;
        let mut found = aggregation.labelled();
        found.retain(|(_, counts)| counts.clicks > 0);
        found.sort_by(|(left, more), (right, less)| (Reverse(more.clicks), left).cmp(&(Reverse(less.clicks), right)));
        let other_values = found.len().saturating_sub(limit as usize) as u64;
        found.truncate(limit as usize);
        let rest = u32::try_from(found.len()).unwrap_or(u32::MAX);
        let listed: HashMap<_, _> = found.iter().map(|(label, _)| label.clone()).zip(0..).collect();
        let aggregation =
            scan.run(Aggregation::new(selection.clone(), aggregation.into_grouping().only(&listed, rest))).await?;
        let item = |(number, (value, _))| BreakdownItem { value, counts: aggregation.counts(number) };
        let items = (0..).zip(found).map(item).collect();
        Ok(Breakdown { items, other_values, other: aggregation.counts(rest) })
    }
}
