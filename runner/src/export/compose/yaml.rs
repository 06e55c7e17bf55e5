//! The Compose file as text.
//!
//! Texts are written as JSON strings, which YAML reads. Compose replaces variables in
//! every text, so a dollar sign that means itself is doubled.

use std::fmt::Write;

use super::{Deployment, PORT, Service, ServiceProgram};

/// The id of the user and group that own the results.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// Of the user.
    pub user: u32,
    /// Of the group.
    pub group: u32,
}

/// Returns the text of `compose.yaml`.
pub fn compose_file(deployment: &Deployment, owner: Owner) -> String {
    let mut text = String::new();
    let name = &deployment.name;
    let image = image_name(name);
    let Owner { user, group } = owner;
    let state = if deployment.has_state { "" } else { ":ro" };
    let _ = write!(
        text,
        r#"# Runs the scenario `{name}` in containers: a service per group of nodes, and a coordinator,
# which hands out the scenario, judges, and writes the results. See README.md.
# Valid for Compose 1.29, Compose 2, and `docker stack deploy`.
version: "3.8"

x-runner: &runner
  image: ${{RUNNER_IMAGE:-{image}}}
  build:
    context: .
    # Dockerfile.scratch needs no registry.
    dockerfile: ${{DOCKERFILE:-Dockerfile}}
    args:
      BASE: ${{BASE:-debian:stable-slim}}
  # The owner of the results: the user who exported the scenario.
  user: ${{RUNNER_USER:-{user}:{group}}}
  networks: [scenario]
  secrets: [runner]
  # SIGTERM ends a node or the coordinator gracefully; `down -t 5` sets another time.
  stop_grace_period: 10s

"#
    );
    if let Some((group, count)) = &deployment.scaled {
        let other = count.map_or_else(String::new, |it| format!("; without it, {it}"));
        let _ = writeln!(
            text,
            "# CLIENTS is the number of nodes of `{group}`{other}."
        );
    }
    text.push_str("services:\n");
    coordinator(&mut text, deployment, state);
    for service in &deployment.services {
        match &service.program {
            ServiceProgram::Node => node(&mut text, deployment, service, state),
            ServiceProgram::Image { image, .. } => program(&mut text, service, image),
        }
    }
    text.push_str("\nnetworks:\n  scenario: {}\n\nsecrets:\n  runner:\n    file: ./secret\n");
    text
}

fn coordinator(text: &mut String, deployment: &Deployment, state: &str) {
    let _ = writeln!(text, "  {}:\n    <<: *runner", deployment.coordinator);
    command(text, &deployment.coordinator_arguments());
    environment(text, deployment);
    let programs = deployment.services.iter();
    let programs: Vec<&str> = programs
        .filter(|it| matches!(it.program, ServiceProgram::Image { .. }))
        .map(|it| it.name.as_str())
        .collect();
    depends_on(text, &programs);
    text.push_str("    volumes:\n");
    let _ = writeln!(text, "      - ./scenario:/lab{state}");
    text.push_str("      - ./plugins:/usr/local/lib/runner/plugins:ro\n");
    text.push_str("      - ./results:/lab/results\n");
    let _ = writeln!(
        text,
        "    healthcheck:
      test: [\"CMD\", \"runner\", \"node\", \"--join\", \"127.0.0.1:{PORT}\", \"--probe\"]
      interval: 5s
      timeout: 5s
      retries: 12
      start_period: 10s"
    );
    deploy(text, "1");
}

fn node(text: &mut String, deployment: &Deployment, service: &Service, state: &str) {
    let _ = writeln!(text, "\n  {}:\n    <<: *runner", service.name);
    command(text, &deployment.node_arguments(service));
    environment(text, deployment);
    depends_on(text, &[&deployment.coordinator]);
    text.push_str("    volumes:\n");
    let _ = writeln!(text, "      - ./scenario:/lab{state}");
    text.push_str("      - ./plugins:/usr/local/lib/runner/plugins:ro\n");
    let scaled = deployment.scaled.as_ref();
    match scaled.is_some_and(|(group, _)| *group == service.group) {
        true => deploy(text, &format!("${{CLIENTS:-{}}}", service.count)),
        false => deploy(text, &service.count.to_string()),
    }
}

/// A container of somebody else's program: its image alone says what runs.
fn program(text: &mut String, service: &Service, image: &str) {
    let _ = writeln!(
        text,
        "\n  {}:\n    image: {}\n    networks: [scenario]\n    stop_grace_period: 10s",
        service.name,
        quoted(image)
    );
    deploy(text, "1");
}

fn command(text: &mut String, words: &[String]) {
    text.push_str("    command:\n");
    for word in words {
        let _ = writeln!(text, "      - {}", quoted(word));
    }
}

/// Variables without a value are those of the shell, or of the file `.env`.
fn environment(text: &mut String, deployment: &Deployment) {
    if deployment.scaled.is_none() && deployment.variables.is_empty() {
        return;
    }
    text.push_str("    environment:\n");
    if let Some((_, count)) = &deployment.scaled {
        let count = count.map_or_else(String::new, |it| it.to_string());
        let _ = writeln!(text, "      - CLIENTS=${{CLIENTS:-{count}}}");
    }
    for name in deployment.variables.keys() {
        let _ = writeln!(text, "      - {}", quoted(name));
    }
}

fn depends_on(text: &mut String, services: &[&str]) {
    if !services.is_empty() {
        let _ = writeln!(text, "    depends_on: [{}]", services.join(", "));
    }
}

/// Nothing is started again: a node that ended has handed over its records. Names lead to
/// the containers themselves, since a node is one container and not a set of equals.
fn deploy(text: &mut String, replicas: &str) {
    let _ = writeln!(
        text,
        "    deploy:
      replicas: {replicas}
      endpoint_mode: dnsrr
      restart_policy:
        condition: none"
    );
}

/// The name of the image: a registry takes small letters, digits and single separators.
fn image_name(scenario: &str) -> String {
    let lower = scenario.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!("runner-{}", words.join("-"))
}

fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text.replace('$', "$$"));
    json.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dollar_sign_means_itself() {
        assert_eq!(quoted("a$b \"c\"\n"), r#""a$$b \"c\"\n""#);
    }

    #[test]
    fn an_image_has_a_name_that_a_registry_takes() {
        assert_eq!(image_name("Clock_5.runs--a"), "runner-clock-5-runs-a");
    }
}
