//! Operations, surfaces, tasks, configuration and telemetry of a running node.
