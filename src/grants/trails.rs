//! What trails are configured to log: the output of `aws cloudtrail get-event-selectors`, alone or in an
//! array, and of `aws cloudtrail describe-trails` for the regions. With it, what the logs can show is
//! known instead of concluded from what they do show.
//!
//! Shapes: the `CloudTrail` API reference, `GetEventSelectors` and `DescribeTrails`.

use super::InputFile;
use crate::iam::json::Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The union of what several trails log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selectors {
    /// Management events that only read.
    pub management_read: bool,
    /// Management events that write.
    pub management_write: bool,
    /// `eventSource`s whose management events no trail logs (`kms.amazonaws.com`, `rdsdata.amazonaws.com`).
    pub excluded_sources: BTreeSet<String>,
    /// Data events by resource type (`AWS::S3::Object`).
    pub data: BTreeMap<String, DataScope>,
    /// Some trail logs all regions. `None` when no trail description was given.
    pub multi_region: Option<bool>,
    /// The files that were read, in the order in which they were given.
    pub files: Vec<InputFile>,
}

/// How much of one resource type's data events is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataScope {
    /// Events that read, of every resource of the type.
    pub read: bool,
    /// Events that write, of every resource of the type.
    pub write: bool,
    /// Some resources only: silence about the others proves nothing.
    pub partial: bool,
}

/// Why a file of selectors is refused.
#[derive(Debug, thiserror::Error)]
pub enum TrailsError {
    /// The file cannot be read.
    #[error("cannot read the trail configuration `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not what the AWS CLI writes.
    #[error(
        "`{}` is not a trail configuration: {why}\nhint: aws cloudtrail get-event-selectors --trail-name TRAIL > trails.json",
        path.display()
    )]
    WrongShape {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        why: String,
    },
}

impl Selectors {
    /// Reads the files and unites what their trails log.
    #[expect(clippy::disallowed_methods, reason = "this module is the rim for trail configurations")]
    pub fn read(paths: &[PathBuf]) -> Result<Self, TrailsError> {
        let mut all = Self::default();
        let mut first = true;
        for path in paths {
            let text = fs::read_to_string(path)
                .map_err(|source| TrailsError::Unreadable { path: path.clone(), source })?;
            all.add(path, &text, &mut first)?;
            all.files.push(InputFile::new(path, text.as_bytes()));
        }
        Ok(all)
    }

    fn add(&mut self, path: &Path, text: &str, first: &mut bool) -> Result<(), TrailsError> {
        let wrong = |why: String| TrailsError::WrongShape { path: path.to_owned(), why };
        let json =
            Json::parse(text.trim_start_matches('\u{feff}')).map_err(|error| wrong(error.to_string()))?;
        let documents = match json {
            Json::Array(items) => items,
            other => vec![other],
        };
        for document in documents {
            if let Some(Json::Array(trails)) = document.get("trailList") {
                let multi =
                    trails.iter().any(|trail| trail.get("IsMultiRegionTrail") == Some(&Json::Bool(true)));
                self.multi_region = Some(self.multi_region.unwrap_or(false) || multi);
                continue;
            }
            let (basic, advanced) = (document.get("EventSelectors"), document.get("AdvancedEventSelectors"));
            if basic.is_none() && advanced.is_none() {
                return Err(wrong(
                    "neither `EventSelectors` nor `AdvancedEventSelectors` nor `trailList`".to_owned(),
                ));
            }
            let mut trail = Self::default();
            items(basic).for_each(|selector| trail.add_basic(selector));
            items(advanced).for_each(|selector| trail.add_advanced(selector));
            self.unite(trail, std::mem::take(first));
        }
        Ok(())
    }

    /// What one trail excludes may be in another.
    fn unite(&mut self, trail: Self, first: bool) {
        let logs_management = trail.management_read || trail.management_write;
        if first || !(self.management_read || self.management_write) {
            self.excluded_sources = trail.excluded_sources;
        } else if logs_management {
            self.excluded_sources.retain(|source| trail.excluded_sources.contains(source));
        }
        self.management_read |= trail.management_read;
        self.management_write |= trail.management_write;
        for (kind, scope) in trail.data {
            let mine = self.data.entry(kind).or_default();
            mine.read |= scope.read;
            mine.write |= scope.write;
            mine.partial |= scope.partial;
        }
    }

    fn add_basic(&mut self, selector: &Json) {
        let kind = selector.get("ReadWriteType").and_then(Json::as_str).unwrap_or("All");
        let (read, write) = (kind != "WriteOnly", kind != "ReadOnly");
        if selector.get("IncludeManagementEvents") != Some(&Json::Bool(false)) {
            self.management_read |= read;
            self.management_write |= write;
            let excluded = items(selector.get("ExcludeManagementEventSources")).filter_map(Json::as_str);
            self.excluded_sources.extend(excluded.map(str::to_owned));
        }
        for resources in items(selector.get("DataResources")) {
            let Some(kind) = resources.get("Type").and_then(Json::as_str) else { continue };
            let mut values = items(resources.get("Values")).filter_map(Json::as_str);
            // `arn:aws:s3`, `arn:aws:lambda`, `arn:aws:dynamodb`: every resource of the service.
            let everything = values.any(|value| value.split(':').count() <= 3);
            let scope = self.data.entry(kind.to_owned()).or_default();
            scope.read |= read && everything;
            scope.write |= write && everything;
            scope.partial |= !everything;
        }
    }

    fn add_advanced(&mut self, selector: &Json) {
        let fields: Vec<&Json> = items(selector.get("FieldSelectors")).collect();
        let field =
            |name: &str| fields.iter().find(|field| field.get("Field").and_then(Json::as_str) == Some(name));
        let values = |name: &str, operator: &str| -> Vec<String> {
            let found = field(name).and_then(|field| field.get(operator));
            items(found).filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let read_only = values("readOnly", "Equals");
        let read = read_only.is_empty() || read_only.iter().any(|value| value == "true");
        let write = read_only.is_empty() || read_only.iter().any(|value| value == "false");
        // A filter on any other field leaves events out that this program cannot name.
        let known = ["eventCategory", "readOnly", "resources.type", "eventSource"];
        let narrowed = fields.iter().any(|field| {
            !field.get("Field").and_then(Json::as_str).is_some_and(|name| known.contains(&name))
        });
        match values("eventCategory", "Equals").first().map(String::as_str) {
            Some("Management") => {
                if narrowed || !values("eventSource", "Equals").is_empty() {
                    return;
                }
                self.management_read |= read;
                self.management_write |= write;
                self.excluded_sources.extend(values("eventSource", "NotEquals"));
            }
            Some("Data") => {
                for kind in values("resources.type", "Equals") {
                    let scope = self.data.entry(kind).or_default();
                    scope.read |= read && !narrowed;
                    scope.write |= write && !narrowed;
                    scope.partial |= narrowed;
                }
            }
            _ => {}
        }
    }
}

fn items(json: Option<&Json>) -> impl Iterator<Item = &Json> {
    match json {
        Some(Json::Array(items)) => items.iter(),
        _ => [].iter(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Selectors, TrailsError> {
        let mut selectors = Selectors::default();
        selectors.add(Path::new("t.json"), text, &mut true).map(|()| selectors)
    }

    #[test]
    fn basic_selectors() {
        let selectors = read(
            r#"{"TrailARN":"x","EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":true,
              "ExcludeManagementEventSources":["kms.amazonaws.com"],
              "DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]},
                               {"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda:eu-west-1:111122223333:function:f"]}]}]}"#,
        )
        .unwrap();
        assert!(!selectors.management_read && selectors.management_write);
        assert_eq!(selectors.data["AWS::S3::Object"], DataScope { read: false, write: true, partial: false });
        assert_eq!(
            selectors.data["AWS::Lambda::Function"],
            DataScope { partial: true, ..DataScope::default() }
        );
        assert!(selectors.excluded_sources.contains("kms.amazonaws.com"));
        assert_eq!(selectors.multi_region, None);
    }

    #[test]
    fn advanced_selectors_and_trails_unite() {
        let selectors = read(
            r#"[{"AdvancedEventSelectors":[
                 {"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"eventSource","NotEquals":["kms.amazonaws.com"]}]},
                 {"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::S3::Object"]},
                                    {"Field":"resources.ARN","StartsWith":["arn:aws:s3:::b/"]}]}]},
                {"EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true}]},
                {"trailList":[{"IsMultiRegionTrail":true}]}]"#,
        )
        .unwrap();
        assert!(
            selectors.management_read && selectors.management_write && selectors.excluded_sources.is_empty()
        );
        assert_eq!(selectors.data["AWS::S3::Object"], DataScope { partial: true, ..DataScope::default() });
        assert_eq!(selectors.multi_region, Some(true));
    }

    #[test]
    fn refuses_other_files() {
        for text in ["{}", "7", "{", "[{\"a\":1}]"] {
            assert!(read(text).unwrap_err().to_string().contains("is not a trail configuration"), "{text}");
        }
    }
}
