//! Identifiers for programs, made of names that may hold anything.

use std::collections::BTreeSet;

/// Identifiers of one output, each once.
#[derive(Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// The identifier, with a number behind it when it is taken. Case does not tell identifiers apart.
    pub fn unique(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.taken.insert(name.to_lowercase()) {
            number += 1;
            name = format!("{wanted}_{number}");
        }
        name
    }
}

/// `SageMakerTrainingRole` → `sage_maker_training_role`; starts with a letter.
pub fn snake(text: &str) -> String {
    let words = words(text);
    let name = words.iter().map(|word| word.to_ascii_lowercase()).collect::<Vec<_>>().join("_");
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) { name } else { format!("p_{name}") }
}

/// `ci/deploy-role` → `CiDeployRole`; letters and digits, starts with a letter.
pub fn pascal(text: &str) -> String {
    let capital = |word: &String| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    let name: String = words(text).iter().map(capital).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) { name } else { format!("P{name}") }
}

/// `policy_arn` → `policyArn`.
pub fn camel(text: &str) -> String {
    let name = pascal(text);
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// Splits at what is no ASCII letter or digit, and before a capital that follows a small letter or a digit.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            let starts = !previous.is_ascii_alphanumeric()
                || (letter.is_ascii_uppercase() && !previous.is_ascii_uppercase());
            match words.last_mut() {
                Some(word) if !starts => word.push(letter),
                _ => words.push(letter.to_string()),
            }
        }
        previous = letter;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        for (text, expect_snake, expect_pascal) in [
            ("SageMakerTrainingRole", "sage_maker_training_role", "SageMakerTrainingRole"),
            ("backup-operator", "backup_operator", "BackupOperator"),
            ("a.b@c=d", "a_b_c_d", "ABCD"),
            ("1st", "p_1st", "P1st"),
            ("", "p_", "P"),
            ("ä${x}\n", "x", "X"),
        ] {
            assert_eq!(
                (snake(text).as_str(), pascal(text).as_str()),
                (expect_snake, expect_pascal),
                "{text}"
            );
        }
        assert_eq!(camel("policy_arn"), "policyArn");
        let mut names = Names::default();
        assert_eq!([names.unique("A"), names.unique("a"), names.unique("a")], ["A", "a_2", "a_3"]);
    }
}
