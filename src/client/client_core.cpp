#include "scaler/client/client_core.hpp"

#include <algorithm>
#include <utility>

#include "client/impl.hpp"
#include "scaler/base/assert.hpp"

namespace scaler::client {

ClientCore::Impl::Impl(Options given)
    : options(std::move(given)),
      identity(Bytes::copy_of(options.identity)),
      doubt_after(options.doubt_after) {
  creates.type = wire::ObjectInstructionType::create;
  // One lost echo does not end a client, however short its patience.
  constexpr int heartbeats_per_timeout = 3;
  options.heartbeat_interval = std::clamp(options.timeout / heartbeats_per_timeout, Duration(1ms),
                                          std::max(options.heartbeat_interval, Duration(1ms)));
}

ClientCore::ClientCore(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ClientCore::~ClientCore() = default;

void ClientCore::start(TimePoint now, Outbox& /*out*/) {
  impl_->started = now;
  impl_->last_echo = now;
  impl_->heartbeat_at = now;
}

void ClientCore::on_request(Request request, TimePoint now, Outbox& out) {
  Impl& my = *impl_;
  if (my.phase == Impl::Phase::ended) return my.refuse(request, out);
  if (std::holds_alternative<Disconnect>(request))
    return my.leave(wire::DisconnectType::disconnect, now, out);
  if (std::holds_alternative<Shutdown>(request))
    return my.leave(wire::DisconnectType::shutdown, now, out);
  if (my.phase == Impl::Phase::shutting_down) return my.refuse(request, out);
  std::visit(
      [&](auto& asked) {
        using Asked = std::decay_t<decltype(asked)>;
        if constexpr (!std::is_same_v<Asked, Disconnect> && !std::is_same_v<Asked, Shutdown>)
          my.on_request(asked, out);
      },
      request);
}

void ClientCore::on_scheduler_connected(TimePoint now, Outbox& /*out*/) {
  impl_->last_failure.clear();
  impl_->heartbeat_sent.reset();
  impl_->heartbeat_at = now;
  impl_->copies_welcome = false;
  if (std::exchange(impl_->scheduler_lost, false)) impl_->say_again();
}

void ClientCore::on_scheduler_lost(std::string_view why, TimePoint /*now*/, Outbox& out) {
  Impl& my = *impl_;
  my.last_failure = why;
  my.scheduler_lost = my.phase == Impl::Phase::ready;
  my.heartbeat_sent.reset();
  // Some releases of the scheduler are gone before they can answer.
  if (my.phase == Impl::Phase::shutting_down) my.on_shutdown_answer(true, out);
}

void ClientCore::on_scheduler_message(wire::Message message, TimePoint now, Outbox& out) {
  Impl& my = *impl_;
  if (my.phase == Impl::Phase::ended) return;
  if (auto* result = std::get_if<wire::TaskResult>(&message)) {
    my.on_result(*result, out);
  } else if (auto* confirm = std::get_if<wire::TaskCancelConfirm>(&message)) {
    my.on_confirm(*confirm, out);
  } else if (auto* echo = std::get_if<wire::ClientHeartbeatEcho>(&message)) {
    my.on_echo(*echo, now, out);
  } else if (auto* text = std::get_if<wire::TaskLog>(&message)) {
    out.notices.emplace_back(
        Output{text->type == wire::LogType::standard_error, std::move(text->content)});
  } else if (auto* answer = std::get_if<wire::ClientShutdownResponse>(&message)) {
    my.on_shutdown_answer(answer->accepted, out);
  } else {
    ++my.counters.unexpected_messages;
  }
}

void ClientCore::on_explanation(std::string text, Outbox& out) {
  if (impl_->phase == Impl::Phase::ready)
    out.notices.emplace_back(Explained{std::move(text), impl_->tasks.size()});
}

void ClientCore::on_store_connected(TimePoint /*now*/, Outbox& out) {
  impl_->on_store_connected(out);
}

void ClientCore::on_store_lost(std::string_view why, TimePoint now, Outbox& /*out*/) {
  impl_->on_store_lost(why, now);
}

void ClientCore::on_object(const ObjectId& id, Bytes payload, TimePoint /*now*/, Outbox& out) {
  impl_->on_object(id, std::move(payload), out);
}

void ClientCore::on_object_stored(const ObjectId& id, TimePoint /*now*/, Outbox& /*out*/) {
  impl_->on_object_stored(id);
}

bool ClientCore::heartbeat_due(TimePoint now) const {
  return impl_->phase != Impl::Phase::ended && now >= impl_->heartbeat_at;
}

void ClientCore::send_heartbeat(const wire::Resource& resource, TimePoint now, Outbox& out) {
  Impl& my = *impl_;
  my.heartbeat_at = now + my.options.heartbeat_interval;
  if (!my.heartbeat_sent) my.heartbeat_sent = now;
  out.effects.emplace_back(ToScheduler{wire::ClientHeartbeat{
      resource, my.latency_us, {.result_bytes_max = my.options.copy_bytes_max}}});
}

void ClientCore::on_deadline(TimePoint now, Outbox& out) { impl_->on_deadline(now, out); }
std::optional<TimePoint> ClientCore::next_deadline() const { return impl_->next_deadline(); }
void ClientCore::finish_turn(TimePoint now, Outbox& out) { impl_->flush(now, out); }

bool ClientCore::ended() const { return impl_->phase == Impl::Phase::ended; }
std::uint64_t ClientCore::unstored_bytes() const { return impl_->unstored_bytes; }
std::size_t ClientCore::unstored_objects() const { return impl_->unstored.size(); }
const ClientCore::Counters& ClientCore::counters() const { return impl_->counters; }
std::size_t ClientCore::open_tasks() const { return impl_->tasks.size(); }

std::size_t ClientCore::live_objects() const {
  const Impl& my = *impl_;
  std::size_t count = my.kept.size();
  for (const auto& [id, task] : my.tasks) {
    const auto arguments = task.arguments.view();
    count += static_cast<std::size_t>(
                 std::count_if(arguments.begin(), arguments.end(),
                               [](const TaskArgument& argument) { return argument.own; })) +
             (task.phase == Task::Phase::sent ? 0 : 1);
  }
  for (const auto& [key, graph] : my.graphs) count += graph.own.size();
  return count;
}

void ClientCore::check_invariants() const {
  const Impl& my = *impl_;
  std::unordered_map<ObjectId, std::size_t> users;
  for (const auto& [id, task] : my.tasks) {
    const bool fetching = task.phase == Task::Phase::fetching;
    SCALER_ASSERT((task.announced == nullptr) == (task.phase == Task::Phase::sent),
                  "an announced task has a result");
    const auto fetch = task.announced ? my.fetches.find(task.announced->result) : my.fetches.end();
    SCALER_ASSERT(fetching == (fetch != my.fetches.end() && fetch->second == id),
                  "a task is fetched if and only if it says so");
    SCALER_ASSERT((task.token == 0) == (task.phase == Task::Phase::known),
                  "only a known result has nobody waiting");
    SCALER_ASSERT(task.of_graph == !task.common, "a task has a function, or is a graph's");
    if (task.common) ++users[task.common->function->first];
  }
  for (const auto& [id, object] : my.kept) {
    SCALER_ASSERT(object.tasks_open == users[id], "each function counts its tasks");
    SCALER_ASSERT(object.tasks_open > 0 || !object.released, "what nobody uses is released");
  }
  std::uint64_t bytes = 0;
  for (const auto& [id, payload] : my.unstored) bytes += payload.size();
  SCALER_ASSERT(bytes == my.unstored_bytes, "the bytes on their way are counted");
  for (const ObjectId& id : my.released_unstored)
    SCALER_ASSERT(my.unstored.contains(id), "what the store has is released at once");
  if (my.phase == Impl::Phase::ended)
    SCALER_ASSERT(my.tasks.empty() && my.graphs.empty(), "the end leaves nothing");
}

}  // namespace scaler::client
