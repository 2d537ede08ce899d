#include "scaler/manager/worker_adapter.hpp"

#include <fmt/format.h>

#include <utility>

#include "scaler/base/log.hpp"
#include "scaler/http/json.hpp"

namespace scaler::manager {

namespace {

http::Response failure(int status, std::string_view why) {
  return {status, fmt::format("{{\"error\": {}}}", http::json_text(why))};
}

}  // namespace

WorkerAdapter::WorkerAdapter(std::int64_t workers_max, wire::Capabilities capabilities,
                             CrewOptions crew)
    : workers_max_(workers_max),
      capabilities_(std::move(capabilities)),
      crew_(crew),
      random_(crew.random_seed + 1) {}

http::Response WorkerAdapter::on_request(const http::Request& request, TimePoint now) {
  if (request.target != "/") return failure(404, "only / is served");
  if (request.method != "POST") return failure(405, "only POST is understood");
  const auto json = http::Json::parse(request.body);
  if (!json || !json->is_object()) return failure(400, "the body is no JSON object");
  const auto action = json->text("action");
  if (!action) return failure(400, "No action specified");
  if (*action == "get_worker_adapter_info") return describe();
  if (*action == "start_worker_group") return start_group(now);
  if (*action != "shutdown_worker_group") return failure(400, "Unknown action");
  const auto group = json->text("worker_group_id");
  return group ? stop_group(*group, now) : failure(400, "No worker_group_id specified");
}

http::Response WorkerAdapter::describe() const {
  std::string capabilities;
  for (const auto& [name, value] : capabilities_)
    capabilities +=
        fmt::format("{}{}: {}", capabilities.empty() ? "" : ", ", http::json_text(name), value);
  // Schedulers compare the number as it stands: no limit is no number, not -1.
  const std::string most =
      workers_max_ < 0 ? "" : fmt::format("\"max_worker_groups\": {}, ", workers_max_);
  return {200, fmt::format("{{{}\"workers_per_group\": 1, \"base_capabilities\": {{{}}}}}", most,
                           capabilities)};
}

http::Response WorkerAdapter::start_group(TimePoint now) {
  if (stopping_) return failure(500, "this worker adapter is stopping");
  if (workers_max_ >= 0 && crew_.wanted() >= static_cast<std::size_t>(workers_max_))
    return failure(429, fmt::format("Maximum number of workers ({}) reached.", workers_max_));
  const std::string group = "native-" + random_.hex(32);
  const std::string& worker = groups_[group] = crew_.start(now, effects_);
  return {200, fmt::format("{{\"status\": \"Worker group started\", \"worker_group_id\": {}, "
                           "\"worker_ids\": [{}]}}",
                           http::json_text(group), http::json_text(worker))};
}

http::Response WorkerAdapter::stop_group(const std::string& group, TimePoint now) {
  const auto found = groups_.find(group);
  if (found == groups_.end())
    return failure(404, fmt::format("Worker group with ID {} does not exist.", group));
  crew_.stop(found->second, now, effects_);
  groups_.erase(found);
  return {200, "{\"status\": \"Worker group shutdown\"}"};
}

void WorkerAdapter::on_not_started(std::string_view id, const std::string& why, TimePoint now) {
  crew_.on_not_started(id, why, now, effects_);
}

// Its scheduler knows workers by their ids, so one that died is not replaced behind its back: the
// group is gone, and the next start makes room good.
void WorkerAdapter::on_ended(std::string_view id, const WorkerEnd& end, TimePoint now) {
  if (!end.well) log::warning("worker {} ended by {}", id, end.text);
  crew_.on_ended(id, {true, end.by_signal, end.text}, now, effects_);
  std::erase_if(groups_, [&](const auto& group) { return group.second == id; });
}

void WorkerAdapter::stop(TimePoint now) {
  stopping_ = true;
  crew_.stop_all(now, effects_);
}

}  // namespace scaler::manager
