//! The task that owns one container.

use std::pin::pin;

use tokio::time::timeout;

use crate::engine::Engine;
use crate::engine::container::{self, Container, ContainerOutput, ContainerSpec};
use crate::failure::{Failure, Outcome};
use crate::identity::ModuleId;

use super::lines::Lines;
use super::{DRAIN, InstanceEvent, Meter, Order, Orders, OutputStream, Sink};

/// Runs a container from its creation to its removal.
pub(super) async fn run(module: ModuleId, engine: Engine, spec: ContainerSpec, mut orders: Orders, sink: Sink) {
    let mut order = None;
    let launched = tokio::select! {
        launched = launch(&engine, &spec) => launched,
        // What was created by then carries our label, and is removed with it.
        () = patience(&mut orders, &mut order) => Err(not_in_time(&spec)),
    };
    let Launched { container, output, image } = match launched {
        Ok(launched) => launched,
        Err(failure) => {
            return sink(InstanceEvent::StartFailed(failure.context(format!("cannot start module `{module}`"))));
        }
    };
    sink(InstanceEvent::Started { pid: None, image, meter: Meter::Container(container.clone()) });
    if let Some(order) = order {
        carry_out(order, container.clone());
    }
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

/// Waits until an engine that has not started the container need not be waited for any more; an order that came
/// meanwhile is kept in `order`.
async fn patience(orders: &mut Orders, order: &mut Option<Order>) {
    let Some(first) = orders.recv().await else { return std::future::pending().await };
    *order = Some(first);
    if let Order::Stop { grace } = first {
        // Whatever comes next, a kill or the end of the grace, ends the waiting.
        let _ = timeout(grace, orders.recv()).await;
    }
}

fn not_in_time(spec: &ContainerSpec) -> Failure {
    Failure::machine(format!("the engine did not start container `{}` before it was to end", spec.name))
        .hint("see whether the container engine still runs with `docker info`")
}

/// A container that runs.
struct Launched {
    container: Container,
    output: ContainerOutput,
    image: Option<String>,
}

async fn launch(engine: &Engine, spec: &ContainerSpec) -> Outcome<Launched> {
    let container = container::create(engine, spec).await?;
    let attach_and_start = async {
        let output = container.attach().await?;
        // Asked before it runs: one that removes itself may be gone a moment later.
        let image = container.image().await?;
        container.start().await?;
        Ok((output, image))
    };
    match attach_and_start.await {
        Ok((output, image)) => Ok(Launched { container, output, image }),
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
