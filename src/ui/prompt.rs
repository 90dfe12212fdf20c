//! Questions. Owns `dialoguer`. A question is asked only of a person at a terminal.

use dialoguer::{Confirm, Input, Select};

use super::progress::without_lines;
use super::{Questions, Ui};
use crate::failure::{Failure, Outcome};

impl Ui {
    /// Asks for yes or no, where Enter is yes. `--yes` answers yes; without a terminal the error names `flag`.
    pub fn confirm(&self, question: &str, flag: &str) -> Outcome<bool> {
        self.ask(question, true, flag)
    }

    /// Asks like [`Ui::confirm`] before what cannot be taken back: Enter is no.
    pub fn confirm_risk(&self, question: &str, flag: &str) -> Outcome<bool> {
        self.ask(question, false, flag)
    }

    fn ask(&self, question: &str, default: bool, flag: &str) -> Outcome<bool> {
        match self.questions {
            Questions::AssumeYes => Ok(true),
            Questions::Refuse => Err(Failure::usage("consent is needed, and stdin is not a terminal")
                .cause(format!("the question is: {question}"))
                .hint(format!("pass {flag}"))),
            Questions::Ask => {
                let ask = Confirm::new().with_prompt(question).default(default);
                answered(without_lines(|| ask.interact()), flag)
            }
        }
    }

    /// Asks for a text. `--yes` takes the default; without terminal or default the error names `flag`.
    pub fn input(&self, question: &str, default: Option<&str>, flag: &str) -> Outcome<String> {
        match (self.questions, default) {
            (Questions::AssumeYes | Questions::Refuse, Some(default)) => Ok(default.to_owned()),
            (Questions::AssumeYes | Questions::Refuse, None) => Err(self.no_answer(question, flag)),
            (Questions::Ask, default) => {
                let input = Input::<String>::new().with_prompt(question);
                let input = match default {
                    Some(default) => input.default(default.to_owned()),
                    None => input,
                };
                answered(without_lines(|| input.interact_text()), flag)
            }
        }
    }

    /// Asks to choose one of `choices`; returns its index. Without a terminal the error names `flag`.
    pub fn choose(&self, question: &str, choices: &[String], flag: &str) -> Outcome<usize> {
        match self.questions {
            Questions::AssumeYes | Questions::Refuse => Err(self.no_answer(question, flag)),
            Questions::Ask => {
                let ask = Select::new().with_prompt(question).items(choices).default(0);
                answered(without_lines(|| ask.interact()), flag)
            }
        }
    }

    fn no_answer(&self, question: &str, flag: &str) -> Failure {
        let why = match self.questions {
            Questions::AssumeYes => "`--yes` is none",
            Questions::Ask | Questions::Refuse => "stdin is not a terminal",
        };
        Failure::usage(format!("`{question}` needs an answer, and {why}")).hint(format!("pass {flag}"))
    }
}

fn answered<T>(answer: dialoguer::Result<T>, flag: &str) -> Outcome<T> {
    answer.map_err(|error| match error {
        dialoguer::Error::IO(error) if error.kind() == std::io::ErrorKind::Interrupted => Failure::interrupted(),
        error => Failure::machine("cannot read the answer").cause(error).hint(format!("pass {flag}")),
    })
}
