#include "roles/webhook_manager.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace scaler::roles {

namespace {

using Type = wire::ManagerCommandType;
using Status = wire::ManagerResponseStatus;

constexpr Duration beat_interval = 2s;
constexpr Duration offer_patience = 5s;
constexpr Duration command_patience = 120s;  // an adapter may wait for a machine

// -1: no limit.
std::uint32_t limit_of(const http::Json& offer) {
  const double groups = offer.number("max_worker_groups").value_or(-1);
  const double workers = offer.number("workers_per_group").value_or(1);
  const double most = groups * std::max(1.0, workers);
  return !(most >= 0 && most < 4294967295.0) ? ~std::uint32_t{0} : static_cast<std::uint32_t>(most);
}

std::vector<std::string> texts_of(const http::Json* list) {
  std::vector<std::string> texts;
  if (list == nullptr || list->as_list() == nullptr) return texts;
  for (const http::Json& entry : *list->as_list())
    if (entry.as_text() != nullptr) texts.push_back(*entry.as_text());
  return texts;
}

}  // namespace

Result<WebhookManager::Place> WebhookManager::parse(const std::string& url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme))
    return Error{Errc::usage, fmt::format("'{}': only http:// is understood", url)};
  const std::size_t slash = url.find('/', scheme.size());
  Place place;
  place.host = url.substr(scheme.size(), slash - scheme.size());
  place.target = slash == std::string::npos ? "/" : url.substr(slash);
  const bool has_port = place.host.find(':', place.host.rfind(']') + 1) != std::string::npos;
  auto address = Address::parse(fmt::format("tcp://{}{}", place.host, has_port ? "" : ":80"));
  if (!address) return std::move(address.error()).within(url);
  place.address = std::move(*address);
  return place;
}

WebhookManager::WebhookManager(net::Loop& loop, std::string url, Place place, Say say)
    : loop_(loop),
      url_(std::move(url)),
      say_(std::move(say)),
      place_(std::move(place)),
      beat_(loop, [this] { ask_what_it_offers(); }) {
  beat_.start(Duration::zero(), beat_interval);
}

void WebhookManager::post(std::unique_ptr<net::StreamCall>& call, const std::string& json,
                          Duration patience, Then then) {
  const std::string request = http::format_post(place_.host, place_.target, json);
  call = std::make_unique<net::StreamCall>(
      loop_, place_.address, http::make_session(), Bytes::copy_of(request), patience,
      [this, &call, then = std::move(then)](const Result<Bytes>& answer) {
        const auto ended = std::move(call);  // kept until the end of this function
        if (!answer) {
          if (auto more = complaints_.allow(loop_.now()))
            log::warning("worker adapter {}: {} ({} more)", url_, answer.error().text, *more);
          return then(0, answer.error());
        }
        const auto response = http::parse_response(answer->text());
        if (!response) return then(0, response.error());
        then(response->status, http::Json::parse(response->body));
      });
}

// ---- heartbeats ----

void WebhookManager::ask_what_it_offers() {
  if (offer_call_) return;
  post(offer_call_, R"({"action": "get_worker_adapter_info"})", offer_patience,
       [this](int status, const Result<http::Json>& body) { on_offer(body, status); });
}

void WebhookManager::on_offer(const Result<http::Json>& offer, int status) {
  if (status != 200 || !offer || !offer->is_object()) return;
  wire::WorkerManagerHeartbeat heartbeat;
  heartbeat.manager_id = Bytes::copy_of(url_);
  heartbeat.max_task_concurrency = limit_of(*offer);
  if (const http::Json* capabilities = offer->find("base_capabilities"))
    for (const auto& [name, value] : capabilities->members())
      heartbeat.capabilities.push_back(
          {name, static_cast<std::int64_t>(value.as_number().value_or(-1))});
  say_(std::move(heartbeat));
}

// ---- commands ----

void WebhookManager::on_command(const wire::WorkerManagerCommand& command) {
  commands_.push_back(command);
  begin_next();
}

void WebhookManager::begin_next() {
  if (is_busy_ || commands_.empty()) return;
  is_busy_ = true;
  const wire::WorkerManagerCommand command = std::move(commands_.front());
  commands_.pop_front();
  if (command.type == Type::start_workers)
    start(command);
  else
    stop(command);
}

void WebhookManager::answer(Type type, Status status, std::vector<Bytes> workers) {
  is_busy_ = false;
  say_(wire::WorkerManagerCommandResponse{type, status, std::move(workers), {}});
  begin_next();
}

void WebhookManager::start(const wire::WorkerManagerCommand& command) {
  post(command_call_, R"({"action": "start_worker_group"})", command_patience,
       [this, type = command.type](int status, const Result<http::Json>& body) {
         if (status == 429) return answer(type, Status::too_many_workers, {});
         const auto group = body ? body->text("worker_group_id") : std::nullopt;
         if (status != 200 || !group) return answer(type, Status::unknown_action, {});
         std::vector<Bytes> workers;
         for (const std::string& id : texts_of(body->find("worker_ids"))) {
           groups_[*group].insert(id);
           workers.push_back(Bytes::copy_of(id));
         }
         answer(type, Status::success, std::move(workers));
       });
}

void WebhookManager::stop(const wire::WorkerManagerCommand& command) {
  std::set<std::string> named;
  for (const Bytes& id : command.worker_ids) named.emplace(id.text());
  std::vector<std::string> groups;
  for (const auto& [group, workers] : groups_)
    if (std::includes(named.begin(), named.end(), workers.begin(), workers.end()))
      groups.push_back(group);
  if (groups.empty()) return answer(command.type, Status::worker_not_found, {});
  stop_groups(std::move(groups), command);
}

void WebhookManager::stop_groups(std::vector<std::string> groups,
                                 wire::WorkerManagerCommand command) {
  if (groups.empty()) return answer(command.type, Status::success, std::move(command.worker_ids));
  const std::string group = std::move(groups.back());
  groups.pop_back();
  post(command_call_,
       fmt::format(R"({{"action": "shutdown_worker_group", "worker_group_id": {}}})",
                   http::json_text(group)),
       command_patience, [this, group, groups, command](int status, const Result<http::Json>&) {
         if (status == 200 || status == 404) groups_.erase(group);
         stop_groups(groups, command);
       });
}

}  // namespace scaler::roles
