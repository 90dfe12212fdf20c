//! The task that owns one container.

use std::pin::pin;

use tokio::time::timeout;

use crate::engine::Engine;
use crate::engine::container::{self, Container, ContainerOutput, ContainerSpec};
use crate::failure::Outcome;
use crate::identity::ModuleId;

use super::lines::Lines;
use super::{DRAIN, InstanceEvent, Order, Orders, OutputStream, Sink};

/// Runs a container from its creation to its removal.
pub(super) async fn run(module: ModuleId, engine: Engine, spec: ContainerSpec, orders: Orders, sink: Sink) {
    let (container, output) = match launch(&engine, &spec).await {
        Ok(launched) => launched,
        Err(failure) => {
            return sink(InstanceEvent::StartFailed(failure.context(format!("cannot start module `{module}`"))));
        }
    };
    sink(InstanceEvent::Started { pid: None });
    match supervise(&container, output, orders, &sink).await {
        Ok(code) => {
            // One that cannot be removed now carries our label, and is removed when its name is needed again.
            let _ = container.remove().await;
            sink(InstanceEvent::Exited { code, signal: None });
        }
        Err(failure) => sink(InstanceEvent::Lost(
            failure
                .context(format!("lost sight of module `{module}`"))
                .hint("start again with `edgectl simulate`, which removes what was left"),
        )),
    }
}

async fn launch(engine: &Engine, spec: &ContainerSpec) -> Outcome<(Container, ContainerOutput)> {
    let container = container::create(engine, spec).await?;
    let attach_and_start = async {
        let output = container.attach().await?;
        container.start().await?;
        Ok(output)
    };
    match attach_and_start.await {
        Ok(output) => Ok((container, output)),
        Err(failure) => {
            // Why it did not start is what matters.
            let _ = container.remove().await;
            Err(failure)
        }
    }
}

/// Passes on orders and output until the container has ended, and returns its exit code.
async fn supervise(
    container: &Container,
    output: ContainerOutput,
    mut orders: Orders,
    sink: &Sink,
) -> Outcome<Option<i32>> {
    let mut end = pin!(container.wait());
    let mut output = pin!(pump(output, sink));
    let mut is_drained = false;
    let code = loop {
        tokio::select! {
            code = &mut end => break code?,
            () = &mut output, if !is_drained => is_drained = true,
            Some(order) = orders.recv() => carry_out(order, container.clone()),
        }
    };
    if !is_drained {
        // The engine ends the output with the container; the limit is for one that doesn't.
        let _ = timeout(DRAIN, output).await;
    }
    Ok(code)
}

/// Sends an order on a task of its own, so that a second one need not wait for the first.
fn carry_out(order: Order, container: Container) {
    tokio::spawn(async move {
        // An engine that does not take it has gone away, which `wait` tells, or the container has ended.
        let _ = match order {
            Order::Stop { grace } => container.stop(grace).await,
            Order::Kill => container.kill().await,
        };
    });
}

async fn pump(mut output: ContainerOutput, sink: &Sink) {
    let [mut stdout, mut stderr] = [Lines::default(), Lines::default()];
    while let Some((stream, bytes)) = output.next().await {
        let lines = match stream {
            OutputStream::Stdout => &mut stdout,
            OutputStream::Stderr => &mut stderr,
        };
        lines.push(&bytes, |line| sink(InstanceEvent::Output { stream, line }));
    }
    for (stream, mut lines) in [(OutputStream::Stdout, stdout), (OutputStream::Stderr, stderr)] {
        lines.finish(|line| sink(InstanceEvent::Output { stream, line }));
    }
}
