#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "cloud/json_list.hpp"
#include "scaler/base/log.hpp"
#include "scaler/cloud/ecs_driver.hpp"

// Looks what became of the tasks, of all that bear our mark: those that somebody started for us and
// nobody remembers are found, those that ended are noticed.
namespace scaler::cloud {

namespace {

constexpr Duration look_interval = 15s;
constexpr Duration look_interval_while_starting = 5s;
constexpr Duration unknown_patience = 60s;  // how long a new task may be unknown to DescribeTasks
constexpr std::size_t described_at_once = 100;
constexpr unsigned pages_max = 100;  // of 100 tasks each

// "name:workers", as the container's environment says it.
UnitPlan unit_of(const http::Json& task, const std::string& arn) {
  UnitPlan unit{arn.substr(arn.rfind('/') + 1), 1};
  const http::Json* overrides = task.find("overrides");
  const http::Json* container =
      overrides == nullptr ? nullptr : first_of(*overrides, "containerOverrides");
  if (container == nullptr) return unit;
  for (const http::Json& variable : list_of(*container, "environment")) {
    if (variable.text("name") != "SCALER_UNIT") continue;
    const std::string value = variable.text("value").value_or("");
    const std::size_t colon = value.find(':');
    if (colon == std::string::npos || colon == 0) continue;
    unit.name = value.substr(0, colon);
    std::from_chars(value.data() + colon + 1, value.data() + value.size(), unit.workers);
    unit.workers = std::clamp<std::uint64_t>(unit.workers, 1, 1024);
  }
  return unit;
}

struct TaskEnd {
  bool well = false;
  std::string why;
};

TaskEnd end_of(const http::Json& task) {
  TaskEnd end;
  end.why = task.text("stoppedReason").value_or("stopped");
  const http::Json* container = first_of(task, "containers");
  if (container == nullptr) return end;
  if (const auto reason = container->text("reason")) end.why += ", " + *reason;
  const auto code = container->number("exitCode");
  if (code) end.why += fmt::format(", exit code {}", *code);
  end.well = code && *code == 0;
  return end;
}

}  // namespace

void EcsDriver::look(TimePoint now) {
  is_looking_ = true;
  look_at_.reset();
  listed_.clear();
  pages_ = 0;
  begun_ = now;
  list_tasks("");
}

void EcsDriver::list_tasks(const std::string& page) {
  const std::string next =
      page.empty() ? "" : fmt::format(R"(,"nextToken":{})", http::json_text(page));
  call(
      "ListTasks",
      fmt::format(R"({{"cluster":{},"startedBy":{},"desiredStatus":"RUNNING"{}}})",
                  http::json_text(options_.cluster), http::json_text(options_.owner), next),
      [this](const ApiOutcome& outcome, TimePoint now) { on_list(outcome, now); },
      phase_ == Phase::setting_up ? 0 : 4);
}

void EcsDriver::on_list(const ApiOutcome& outcome, TimePoint now) {
  const std::string* body = outcome.body();
  const auto json = body == nullptr ? Result<http::Json>(Error{}) : http::Json::parse(*body);
  if (!json) {
    const std::string why = body == nullptr ? outcome.failure()->text : json.error().text;
    if (phase_ == Phase::setting_up) return fail_set_up(why);
    log::warning("ECS: what became of the tasks is not known: {}", why);
    if (phase_ == Phase::sweeping) left_.insert("what else bears startedBy " + options_.owner);
    return after_look(now);
  }
  for (const http::Json& arn : list_of(*json, "taskArns"))
    if (arn.as_text() != nullptr) listed_.insert(*arn.as_text());
  const std::string next = json->text("nextToken").value_or("");
  if (!next.empty() && ++pages_ < pages_max) return list_tasks(next);
  describe_all(now);
}

void EcsDriver::describe_all(TimePoint now) {
  for (const auto& [name, task] : tasks_)
    if (!task.arn.empty() && !task.is_stopping) listed_.insert(task.arn);
  std::vector<std::string> part;
  descriptions_ = 0;
  for (auto arn = listed_.begin(); arn != listed_.end();) {
    part.push_back(*arn++);
    if (part.size() < described_at_once && arn != listed_.end()) continue;
    ++descriptions_;
    call(
        "DescribeTasks",
        fmt::format(R"({{"cluster":{},"tasks":{}}})", http::json_text(options_.cluster),
                    json_list(std::exchange(part, {}))),
        [this](const ApiOutcome& outcome, TimePoint then) { on_description(outcome, then); },
        phase_ == Phase::setting_up ? 0 : 4);
  }
  if (descriptions_ == 0) after_look(now);
}

void EcsDriver::on_description(const ApiOutcome& outcome, TimePoint now) {
  --descriptions_;
  if (const std::string* body = outcome.body()) {
    if (const auto json = http::Json::parse(*body)) {
      for (const http::Json& task : list_of(*json, "tasks")) take_task(task, now);
      for (const http::Json& failure : list_of(*json, "failures")) take_missing(failure, now);
    }
  } else if (phase_ == Phase::setting_up) {
    return fail_set_up(outcome.failure()->text);
  } else {
    log::warning("ECS: what became of the tasks is not known: {}", outcome.failure()->text);
    if (phase_ == Phase::sweeping) left_.insert("what else bears startedBy " + options_.owner);
  }
  if (descriptions_ == 0) after_look(now);
}

void EcsDriver::take_task(const http::Json& task, TimePoint now) {
  const std::string arn = task.text("taskArn").value_or("");
  if (arn.empty() || task.text("startedBy").value_or(options_.owner) != options_.owner) return;
  const bool has_stopped =
      task.text("lastStatus") == "STOPPED" || task.text("desiredStatus") == "STOPPED";
  auto found = find_arn(arn);
  if (found == tasks_.end()) {
    if (has_stopped) return;
    found = meet(unit_of(task, arn), arn, now);
  }
  if (found->second.is_stopping) return;  // the answer to that says when it is over
  if (has_stopped) {
    TaskEnd last = end_of(task);
    return end(found, last.well, std::move(last.why));
  }
  found->second.is_running = task.text("lastStatus") == "RUNNING";
  if (found->second.is_running) events_.push_back(UnitRuns{found->first});
}

// One that bears our mark, and whose name in the cloud is new here.
EcsDriver::Tasks::iterator EcsDriver::meet(UnitPlan unit, const std::string& arn, TimePoint now) {
  auto known = tasks_.find(unit.name);
  const bool is_awaited = known != tasks_.end() && known->second.arn.empty();
  if (known != tasks_.end() && !is_awaited) unit.name = arn.substr(arn.rfind('/') + 1);  // a double
  known = tasks_.try_emplace(unit.name).first;
  Task& task = known->second;
  task.workers = unit.workers;
  task.arn = arn;
  task.since = now;
  if (!is_awaited) log::info("ECS task {} was found, it is unit {}", arn, unit.name);
  if (phase_ == Phase::sweeping) task.is_stopping = true;
  if (task.is_stopping)
    request_stop(unit.name);
  else if (is_awaited)
    events_.push_back(UnitAccepted{unit.name});
  else
    events_.push_back(UnitFound{unit});
  return known;
}

void EcsDriver::take_missing(const http::Json& failure, TimePoint now) {
  const auto found = find_arn(failure.text("arn").value_or("-"));
  if (found == tasks_.end() || found->second.is_stopping) return;
  if (failure.text("reason") == "MISSING" && now - found->second.since > unknown_patience)
    end(found, false, "ECS does not know it any more");
}

void EcsDriver::after_look(TimePoint now) {
  is_looking_ = false;
  if (phase_ == Phase::setting_up) {
    phase_ = Phase::works;
    events_.push_back(Ready{workers_per_unit_});
  }
  if (phase_ != Phase::works) return;
  const bool starts = std::any_of(tasks_.begin(), tasks_.end(), [](const auto& entry) {
    return !entry.second.arn.empty() && !entry.second.is_running;
  });
  look_at_ = now + (starts ? look_interval_while_starting : look_interval);
}

void EcsDriver::on_deadline(TimePoint now) {
  if (look_at_ && *look_at_ <= now && phase_ == Phase::works) look(now);
}

std::optional<TimePoint> EcsDriver::next_deadline() const { return look_at_; }

}  // namespace scaler::cloud
