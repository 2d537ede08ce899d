#include "scaler/cloud/ecs_driver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cloud/json_list.hpp"
#include "cloud/text.hpp"
#include "scaler/base/log.hpp"

// Units: what is started and stopped. What has to be there before is in ecs_set_up.cpp, what
// became of it in ecs_look.cpp.
namespace scaler::cloud {

namespace {

constexpr std::size_t id_bytes_max = 60;
constexpr std::size_t mark_digits = 16;
constexpr std::size_t refusals_max = 1'000;  // that are remembered

// Words that begin an environment marker (PEP 508), such as python_version < "3.12".
bool begins_marker(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t(\"'"), text.size()));
  for (const std::string_view word : {"python_version", "python_full_version", "os_name",
                                      "sys_platform", "platform_", "implementation_", "extra"})
    if (text.starts_with(word)) return true;
  return false;
}

}  // namespace

std::string owner_mark(const std::string& manager_id, const std::string& rest) {
  std::string shown = manager_id.substr(0, id_bytes_max);
  for (char& c : shown)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
      c = '_';
  return fmt::format("scaler/{}/{}", shown,
                     sha256_hex(manager_id + '\n' + rest).substr(0, mark_digits));
}

std::string requirement_lines(const std::string& text) {
  std::string lines;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(";\n"), rest.size());
    const std::string_view part = rest.substr(0, end);
    const bool is_marker = end > 0 && begins_marker(part) && !lines.empty();
    if (is_marker) {
      lines += "; ";
    } else if (!trimmed(part).empty() && !lines.empty()) {
      lines += '\n';
    }
    lines += trimmed(part);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

EcsDriver::EcsDriver(EcsOptions options, Submit submit)
    : options_(std::move(options)), submit_(std::move(submit)) {}

void EcsDriver::call(std::string operation, std::string body, Then then, unsigned tries,
                     Service service) {
  const Ticket ticket = submit_({service, std::move(operation), std::move(body), tries});
  waiting_[ticket] = std::move(then);
}

void EcsDriver::on_outcome(const ApiOutcome& outcome, TimePoint now) {
  const auto found = waiting_.find(outcome.ticket);
  if (found == waiting_.end()) return;
  const Then then = std::move(found->second);
  waiting_.erase(found);
  then(outcome, now);
  if (phase_ == Phase::sweeping) sweep_further(now);
}

// ---- starting ----

std::string EcsDriver::run_request(const std::string& name, const Task& task) const {
  const auto variable = [](std::string_view key, const std::string& value) {
    return fmt::format(R"({{"name":"{}","value":{}}})", key, http::json_text(value));
  };
  const std::string groups =
      options_.security_groups.empty()
          ? ""
          : fmt::format(R"("securityGroups":{},)", json_list(options_.security_groups));
  const std::string environment =
      fmt::format("{},{},{},{}", variable("COMMAND", options_.command({name, task.workers})),
                  variable("PYTHON_REQUIREMENTS", requirement_lines(options_.requirements)),
                  variable("PYTHON_VERSION", options_.python_version),
                  variable("SCALER_UNIT", fmt::format("{}:{}", name, task.workers)));
  const auto before = refusals_.find(name);
  const unsigned refused = before == refusals_.end() ? 0 : before->second;
  return fmt::format(
      R"({{"cluster":{},"taskDefinition":{},"launchType":"FARGATE","count":1,)"
      R"("clientToken":"scaler-{}-{}","startedBy":{},)"
      R"("networkConfiguration":{{"awsvpcConfiguration":{{"subnets":{},{}"assignPublicIp":"ENABLED"}}}},)"
      R"("overrides":{{"containerOverrides":[{{"name":{},"environment":[{}]}}]}}}})",
      http::json_text(options_.cluster), http::json_text(definition_arn_), name, refused,
      http::json_text(options_.owner), json_list(options_.subnets), groups,
      http::json_text(container_), environment);
}

void EcsDriver::start_unit(const UnitPlan& unit, TimePoint /*now*/) {
  Task& task = tasks_[unit.name];
  task.workers = unit.workers;
  call("RunTask", run_request(unit.name, task),
       [this, name = unit.name](const ApiOutcome& outcome, TimePoint now) {
         on_run(name, outcome, now);
       });
}

void EcsDriver::on_run(const std::string& name, const ApiOutcome& outcome, TimePoint now) {
  const auto found = tasks_.find(name);
  // A look may have met it before its answer came.
  if (found == tasks_.end() || !found->second.arn.empty()) return;
  Task& task = found->second;
  std::string why = "its answer names no task";
  if (const std::string* body = outcome.body()) {
    const auto answer = http::Json::parse(*body);
    const http::Json* first = answer ? first_of(*answer, "tasks") : nullptr;
    task.arn = first == nullptr ? "" : first->text("taskArn").value_or("");
    const http::Json* failure = answer ? first_of(*answer, "failures") : nullptr;
    if (failure != nullptr) why = "ECS RunTask: " + failure->text("reason").value_or("refused");
  } else {
    why = outcome.failure()->text;
  }
  if (task.arn.empty()) {
    const bool was_stopping = task.is_stopping;
    if (was_stopping) return end(found, true, "");
    tasks_.erase(found);
    if (refusals_.size() >= refusals_max) refusals_.clear();
    if (outcome.body() != nullptr || outcome.failure()->is_refusal) ++refusals_[name];
    events_.push_back(UnitRefused{name, std::move(why)});
    return;
  }
  task.since = now;
  refusals_.erase(name);
  if (!is_looking_) look_at_ = std::min(look_at_.value_or(now + 5s), now + 5s);
  log::info("ECS task {} is unit {}", task.arn, name);
  if (task.is_stopping) return request_stop(name);
  events_.push_back(UnitAccepted{name});
}

// ---- stopping ----

void EcsDriver::stop_unit(const std::string& name, TimePoint /*now*/) {
  const auto task = tasks_.find(name);
  if (task == tasks_.end() || std::exchange(task->second.is_stopping, true)) return;
  if (!task->second.arn.empty()) request_stop(name);
}

void EcsDriver::request_stop(const std::string& name) {
  call("StopTask",
       fmt::format(R"({{"cluster":{},"task":{},"reason":{}}})", http::json_text(options_.cluster),
                   http::json_text(tasks_.at(name).arn),
                   http::json_text("stopped by scaler worker manager " + options_.manager_id)),
       [this, name](const ApiOutcome& outcome, TimePoint) { on_stopped(name, outcome); });
}

void EcsDriver::on_stopped(const std::string& name, const ApiOutcome& outcome) {
  const auto found = tasks_.find(name);
  if (found == tasks_.end()) return;
  const ApiFailure* failure = outcome.failure();
  // "The referenced task was not found": it is gone already.
  const bool is_gone = failure == nullptr || failure->code == "InvalidParameterException";
  if (!is_gone) {
    log::error("ECS task {} goes on and costs: {}", found->second.arn, failure->text);
    left_.insert(found->second.arn);
  }
  end(found, is_gone, is_gone ? "" : failure->text);
}

void EcsDriver::end(Tasks::iterator task, bool well, std::string why) {
  events_.push_back(UnitEnded{task->first, well, std::move(why)});
  tasks_.erase(task);
}

EcsDriver::Tasks::iterator EcsDriver::find_arn(std::string_view arn) {
  return std::find_if(tasks_.begin(), tasks_.end(),
                      [&](const auto& entry) { return entry.second.arn == arn; });
}

// ---- the end ----

void EcsDriver::finish(TimePoint now) {
  if (phase_ == Phase::setting_up) {  // nothing was started
    phase_ = Phase::swept;
    events_.push_back(Swept{});
  }
  if (phase_ != Phase::works) return;
  phase_ = Phase::sweeping;
  look_at_.reset();
  std::vector<std::string> names;
  for (const auto& [name, task] : tasks_) names.push_back(name);
  for (const std::string& name : names) stop_unit(name, now);
  sweep_further(now);
}

// Once all have been stopped: is there one that nobody knew of?
void EcsDriver::sweep_further(TimePoint now) {
  if (!tasks_.empty() || is_looking_) return;
  if (!std::exchange(has_looked_again_, true)) return look(now);
  phase_ = Phase::swept;
  events_.push_back(Swept{{left_.begin(), left_.end()}});
}

}  // namespace scaler::cloud
