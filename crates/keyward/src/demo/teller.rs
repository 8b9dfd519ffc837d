//! How a story is told: chapters, steps, and whether everything happened as told.

use keyward_api::SecretText;
use keyward_client::{Answer, Call, Error};
use serde_json::Value;
use serde_json::value::RawValue;

use super::wire::Request;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// How a printed line behaves when it is pasted after the stories.
#[derive(Clone, Copy, Debug)]
pub(super) enum Later {
    /// It answers the same, but for the values of these keys, which move on by themselves.
    Same(&'static [&'static str]),
    /// It answers with this status, and why it is not the same.
    Again(u16, &'static str),
}

/// What an answer must be.
pub(super) struct Told {
    status: u16,
    parts: Vec<(&'static str, Value)>,
}

/// The status, and the decisive values by their JSON pointers (RFC 6901).
pub(super) fn told(status: u16, parts: &[(&'static str, Value)]) -> Told {
    Told { status, parts: parts.to_vec() }
}

/// What an answer was.
pub(super) struct Body(Value);

impl Body {
    /// The text at a place, as what it names.
    pub(super) fn id<T: std::str::FromStr>(&self, pointer: &str) -> Result<T, Failure> {
        self.text(pointer)?.parse().map_err(|_| missing(pointer))
    }

    /// The text at a place, which is a secret.
    pub(super) fn secret(&self, pointer: &str) -> Result<SecretText, Failure> {
        self.text(pointer).map(|text| SecretText::new(text.to_owned()))
    }

    pub(super) fn text(&self, pointer: &str) -> Result<&str, Failure> {
        self.0.pointer(pointer).and_then(Value::as_str).ok_or_else(|| missing(pointer))
    }
}

fn missing(pointer: &str) -> Failure {
    Failure::local(format!("the story cannot go on: the answer has nothing that fits at `{pointer}`"))
}

/// Tells stories.
pub(super) struct Teller<'a> {
    output: &'a Output,
    steps: u32,
    otherwise: u32,
}

impl<'a> Teller<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self { output, steps: 0, otherwise: 0 }
    }

    /// Begins a chapter.
    pub(super) fn chapter(&mut self, title: &str, text: &str) -> Result<(), Failure> {
        self.output.text(&format!("## {title}\n\n{text}\n\n"))
    }

    /// Takes a step with the SDK: prints the request, sends it, prints the answer.
    pub(super) async fn step<T>(
        &mut self,
        title: &str,
        later: Later,
        call: Call<T>,
        told: Told,
    ) -> Result<Body, Failure> {
        let curl = call.to_curl().map_err(|error| Failure::local(error.to_string()))?;
        let answer = sent(call).await?;
        self.told(title, later, curl.expose(), answer, told)
    }

    /// Takes a step in which a vendor's client asks.
    pub(super) async fn ask(
        &mut self,
        title: &str,
        later: Later,
        request: Request,
        told: Told,
    ) -> Result<Body, Failure> {
        let curl = request.to_curl();
        let answer = request.send().await?;
        self.told(title, later, &curl, answer, told)
    }

    fn told(
        &mut self,
        title: &str,
        later: Later,
        curl: &str,
        (status, body): (u16, Value),
        told: Told,
    ) -> Result<Body, Failure> {
        self.steps += 1;
        let shown = serde_json::to_string_pretty(&body).map_err(|error| Failure::local(error.to_string()))?;
        let wrong = differences(status, &body, &told);
        self.output.text(&format!(
            "# {}. {title}\n# {}\n{curl}\nHTTP {status}\n{shown}\n{}\n",
            self.steps,
            marker(later),
            wrong.iter().map(|line| format!("NOT AS TOLD: {line}\n")).collect::<Vec<_>>().concat(),
        ))?;
        self.otherwise += u32::from(!wrong.is_empty());
        Ok(Body(body))
    }

    /// Sums up.
    pub(super) fn end(self) -> Result<Exit, Failure> {
        let Self { output, steps, otherwise } = self;
        if otherwise == 0 {
            output.text(&format!("All {steps} steps went as told.\n\n"))?;
            return Ok(Exit::Done);
        }
        output.text(&format!("{otherwise} of {steps} steps did not go as told: look for `NOT AS TOLD`.\n\n"))?;
        Ok(Exit::Failed)
    }
}

fn marker(later: Later) -> String {
    match later {
        Later::Same([]) => "repeatable".to_owned(),
        Later::Same(keys) => format!("repeatable, but for {}", keys.join(", ")),
        Later::Again(status, why) => format!("pasted later: HTTP {status}, {why}"),
    }
}

async fn sent<T>(call: Call<T>) -> Result<(u16, Value), Failure> {
    let answer: Result<Answer<Box<RawValue>>, Error> = call.read_as().await;
    let (status, text) = match answer {
        Ok(answer) => (answer.status, answer.get().to_owned()),
        Err(Error::Problem(problem)) => {
            let text = serde_json::to_string(&*problem).map_err(|error| Failure::local(error.to_string()))?;
            (problem.status, text)
        }
        Err(error) => return Err(error.into()),
    };
    let body = serde_json::from_str(&text).map_err(|error| Failure::local(error.to_string()))?;
    Ok((status, body))
}

fn differences(status: u16, body: &Value, told: &Told) -> Vec<String> {
    let mut wrong = Vec::new();
    if status != told.status {
        wrong.push(format!("the status is {status}, not {}", told.status));
    }
    for (pointer, expected) in &told.parts {
        let found = body.pointer(pointer).unwrap_or(&Value::Null);
        if found != expected {
            wrong.push(format!("`{pointer}` is {found}, not {expected}"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_as_told_is_noticed() {
        let body = json!({ "allowed": false, "reason": "revoked" });
        let as_told =
            told(200, &[("/allowed", json!(false)), ("/reason", json!("revoked")), ("/missing", Value::Null)]);
        assert_eq!(differences(200, &body, &as_told), [""; 0]);
        assert_eq!(
            differences(201, &body, &told(200, &[("/allowed", json!(true)), ("/x/y", json!(1))])),
            ["the status is 201, not 200", "`/allowed` is false, not true", "`/x/y` is null, not 1"]
        );
    }
}
