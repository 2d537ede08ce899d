#include <algorithm>

#include "agent/agent_state.hpp"
#include "scaler/base/log.hpp"

namespace scaler::agent {

namespace {

// Signals, by their numbers on Linux: signal(7).
constexpr int killed = 9;
constexpr int cpu_time_exceeded = 24;

constexpr std::string_view died_module = "scaler.utility.exceptions";
constexpr std::string_view died_class = "ProcessorDiedError";

// The same words as embed/python/scaler_runtime/limits.py has for a task that could be told.
std::string cpu_limit_text(Duration limit) {
  return fmt::format("the task used more processor time than task_cpu_limit={:g} seconds",
                     std::chrono::duration<double>(limit).count());
}

}  // namespace

std::optional<TaskId> Processor::task() const {
  if (const auto* busy = std::get_if<Busy>(&state)) return busy->task;
  if (const auto* stopped = std::get_if<Stopped>(&state)) return stopped->task;
  return std::nullopt;
}

Processor* WorkerAgent::Impl::find_processor(ProcessorId id) {
  const auto found = processors.find(id);
  return found == processors.end() ? nullptr : &found->second;
}

Processor* WorkerAgent::Impl::holder_of(ProcessorId id, const TaskId& task) {
  Processor* processor = find_processor(id);
  return processor && processor->task() == task ? processor : nullptr;
}

std::optional<ProcessorId> WorkerAgent::Impl::warmest_idle() const {
  std::optional<ProcessorId> best;
  for (const auto& [id, processor] : processors)
    if (processor.is<Idle>() && (!best || processor.last_use > processors.at(*best).last_use))
      best = id;
  return best;
}

std::size_t WorkerAgent::Impl::available() const {
  return static_cast<std::size_t>(
      std::count_if(processors.begin(), processors.end(), [](const auto& entry) {
        return entry.second.template is<Starting>() || entry.second.template is<Idle>();
      }));
}

void WorkerAgent::Impl::ensure_available(TimePoint now, Outbox& out) {
  if (available() > 0 || (start_after && now < *start_after)) return;
  start_after.reset();
  start_processor(out);
}

void WorkerAgent::Impl::start_processor(Outbox& out) {
  const ProcessorId id = next_processor++;
  processors[id];
  out.push_back(StartProcessor{id});
}

// Beside the one that runs, one spare stays warm for the next suspension; more are not kept.
void WorkerAgent::Impl::trim_available(Outbox& out) {
  while (available() > 1) {
    std::optional<ProcessorId> coldest;
    for (const auto& [id, processor] : processors)
      if ((processor.is<Idle>() || processor.is<Starting>()) &&
          (!coldest || processor.last_use < processors.at(*coldest).last_use))
        coldest = id;
    kill(*coldest, "replaced by suspended processor", out);
  }
}

void WorkerAgent::Impl::kill(ProcessorId id, std::string_view reason, Outbox& out) {
  Processor& processor = processors.at(id);
  log::info("stop Processor[{}], reason: {}", processor.pid, reason);
  const bool has_task = processor.task().has_value();
  processor.state = Dying{};
  out.push_back(KillProcessor{id, has_task ? options.kill_patience : Duration::zero()});
  refetch_window();
}

void WorkerAgent::Impl::processor_message(ProcessorId id, FromProcessor message, TimePoint now,
                                          Outbox& out) {
  Processor* processor = find_processor(id);
  if (!processor || processor->is<Dying>()) return;  // its last words
  if (auto* finished = std::get_if<TaskFinished>(&message)) {
    task_finished(id, std::move(*finished), now, out);
  } else if (auto* output = std::get_if<TaskOutput>(&message);
             output && holder_of(id, output->id) && tasks.at(output->id).flags.stream_output) {
    const auto type =
        output->is_stderr ? wire::LogType::standard_error : wire::LogType::standard_output;
    out.push_back(ToScheduler{wire::TaskLog{output->id, type, std::move(output->text)}});
  } else if (std::holds_alternative<ProcessorLeaves>(message)) {
    if (const auto task = processor->task()) take_back(*task);
    log::info("stop Processor[{}], reason: received signal SIGTERM", processor->pid);
    processor->state = Dying{};
  } else if (!processor->is<Starting>()) {
    ++counters.stale_processor_messages;
  } else if (auto* started = std::get_if<ProcessorStarted>(&message); started && !processor->pid) {
    processor->pid = started->pid;
    log::info("start Processor[{}]", started->pid);
  } else if (std::holds_alternative<ProcessorReady>(message)) {
    processor->state = Idle{};
    processor->last_use = ++uses;
    starting_deaths = 0;
  } else if (auto* failed = std::get_if<ProcessorFailed>(&message)) {
    leave(1, "a processor cannot start: " + failed->reason, true, out);
  } else {
    ++counters.stale_processor_messages;
  }
}

// A processor that blocks the signal of its processor time limit is killed a little later.
bool WorkerAgent::Impl::may_have_used_up(const AgentTask& task, TimePoint now) const {
  if (options.task_cpu_limit <= Duration::zero()) return false;
  const bool is_running = std::holds_alternative<Running>(task.state);
  return task.active_before + (is_running ? now - task.active_since : Duration::zero()) >=
         options.task_cpu_limit;
}

void WorkerAgent::Impl::processor_ended(ProcessorId id, const ProcessorEnd& end, TimePoint now,
                                        Outbox& out) {
  const auto found = processors.find(id);
  if (found == processors.end()) return;
  const Processor processor = std::move(found->second);
  processors.erase(found);
  if (processor.is<Dying>()) return;
  const std::string what = fmt::format("processor {} ended by {}", processor.pid, end.text);
  refetch_window();
  if (processor.is<Starting>()) {
    log::error("{} before it was ready", what);
    if (++starting_deaths == starting_deaths_max)
      leave(1,
            fmt::format("{} processors in a row ended before they were ready, the last by {}",
                        starting_deaths, end.text),
            true, out);
  } else if (processor.is<Idle>()) {
    log::warning("{} while it had no task", what);
    const unsigned doublings = std::min(idle_deaths++, 7U);
    if (doublings > 0) start_after = now + std::min<Duration>(50ms * (1U << doublings), 5s);
  } else {
    log::error("stop Processor[{}], reason: process died process_status='zombie', {}",
               processor.pid, end.text);
    const TaskId task = *processor.task();
    if (end.signal == cpu_time_exceeded && options.task_cpu_limit > Duration::zero())
      fail(task, builtins, "TimeoutError", cpu_limit_text(options.task_cpu_limit), now, out);
    else if (end.signal == killed && may_have_used_up(tasks.at(task), now))
      fail(task, died_module, died_class,
           fmt::format("process_status='zombie': {}; perhaps {}", what,
                       cpu_limit_text(options.task_cpu_limit)),
           now, out);
    else
      fail(task, died_module, died_class, "process_status='zombie': " + what, now, out);
  }
}

}  // namespace scaler::agent
