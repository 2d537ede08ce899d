#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "client/impl.hpp"

namespace scaler::client {

namespace {

constexpr auto shutdown_patience = std::chrono::seconds(5);
constexpr unsigned store_refusals_max = 5;

std::string text_of_bytes(std::uint64_t bytes) {
  return bytes < 1'000'000 ? fmt::format("{} bytes", bytes)
                           : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::int64_t whole_seconds(Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

}  // namespace

void ClientCore::Impl::on_echo(const wire::ClientHeartbeatEcho& echo, TimePoint now, Outbox& out) {
  last_echo = now;
  copies_welcome = options.copy_bytes_max > 0 && echo.carried.result_bytes_max > 0;
  if (heartbeat_sent) {
    const auto half =
        std::chrono::duration_cast<std::chrono::microseconds>(now - *heartbeat_sent) / 2;
    latency_us = static_cast<std::uint32_t>(std::clamp<std::int64_t>(half.count(), 0, 0xFFFFFFFF));
    heartbeat_sent.reset();
  }
  doubt(now, out);
  if (phase != Phase::connecting) return;
  if (options.object_storage) {
    store_address = options.object_storage;
  } else {
    if (echo.object_storage.host.empty() || echo.object_storage.port == 0) return;
    const auto& said = echo.object_storage;
    store_address = Address::told(said.scheme, said.host, said.port);
  }
  phase = Phase::storing;
  store_deadline = now + std::max(options.timeout - (now - started), options.store_patience);
  store_proof_deadline = now + std::max(options.timeout, options.store_patience);
  out.effects.emplace_back(ConnectStore{*store_address});
}

// What was on its way when the connection broke may be lost, and a scheduler that was started again
// knows nothing. Ids make it harmless to say a thing twice.
void ClientCore::Impl::say_again() {
  if (phase != Phase::ready) return;
  after_creates.clear();
  creates = {};
  creates.ids.push_back(serializer_id_of(identity));
  creates.types.push_back(wire::ObjectContentType::serializer);
  creates.names.push_back(Bytes::copy_of("serializer"));
  for (const auto& [id, object] : kept) announce_again(id, object.name);
  for (auto& [key, graph] : graphs) {
    for (const ObjectId& id : graph.own) announce_again(id, {});
    after_creates.emplace_back(graph.said);
    if (std::exchange(graph.cancel_requested, false)) cancel_graph(key);
  }
  for (auto& [id, task] : tasks) {
    for (const TaskArgument& argument : task.arguments.view())
      if (argument.own) announce_again(argument.id, {});
    if (task.phase != Task::Phase::sent || task.of_graph) continue;
    after_creates.emplace_back(message_of(id, task));
    if (!task.cancel_requested) continue;
    task.cancel_requested = false;
    request_cancel(id, task);
  }
}

void ClientCore::Impl::announce_again(const ObjectId& id, const Bytes& name) {
  creates.ids.push_back(id);
  creates.types.push_back(wire::ObjectContentType::object);
  creates.names.push_back(name);
}

// What was under way on a lost connection is done again: sets and gets do no harm twice.
void ClientCore::Impl::on_store_connected(Outbox& out) {
  if (phase == Phase::ended) return;
  store_connected = true;
  store_deadline.reset();
  for (const auto& [id, payload] : unstored) out.effects.emplace_back(PutObject{id, payload});
  for (const auto& [id, task] : fetches)
    out.effects.emplace_back(GetObject{id, fetch_limits.contains(id) ? fetch_limits[id] : ~0ULL});
  if (phase != Phase::storing) return;
  phase = Phase::ready;
  const ObjectId id = serializer_id_of(identity);
  creates.ids.push_back(id);
  creates.types.push_back(wire::ObjectContentType::serializer);
  creates.names.push_back(Bytes::copy_of("serializer"));
  unstored_bytes += options.serializer.size();
  unstored.emplace(id, options.serializer);
  out.effects.emplace_back(PutObject{id, options.serializer});
  out.notices.emplace_back(Ready{});
}

// A store with no room for an object can say so only by ending the connection, and does it again
// for as long as it is asked.
void ClientCore::Impl::on_store_lost(std::string_view why, TimePoint now) {
  store_failure = why;
  if (std::exchange(store_connected, false) && !unstored.empty()) ++store_refusals;
  if (!store_deadline) store_deadline = now + options.store_patience;
  if (store_refusals >= store_refusals_max) store_deadline = now;
}

std::string ClientCore::Impl::complaint_about_refusals() const {
  const std::string address = store_address->to_string();
  if (store_proof_deadline)  // it has never taken anything
    return fmt::format(
        "{} does not answer as an object storage does: it ended {} connections in a row without "
        "taking what is sent to it",
        address, store_refusals);
  return fmt::format(
      "object storage server {} ended {} connections in a row without taking what is sent to it "
      "({} in {} object{}); is it out of memory? Its log says why",
      address, store_refusals, text_of_bytes(unstored_bytes), unstored.size(),
      unstored.size() == 1 ? "" : "s");
}

// What listens there may be another program, which takes the objects and never says so.
std::optional<std::string> ClientCore::Impl::complaint_about_store(TimePoint now) const {
  if (store_deadline && now >= *store_deadline) {
    if (store_refusals >= store_refusals_max) return complaint_about_refusals();
    if (phase == Phase::ready) return "connection failure to object storage server.";
    return fmt::format("cannot connect to object storage address {}{}", store_address->to_string(),
                       store_failure.empty() ? "" : " (" + store_failure + ")");
  }
  if (store_proof_deadline && now >= *store_proof_deadline)
    return fmt::format("{} does not answer as an object storage does", store_address->to_string());
  return std::nullopt;
}

void ClientCore::Impl::on_deadline(TimePoint now, Outbox& out) {
  if (phase == Phase::ended) return;
  if (phase == Phase::shutting_down) {
    if (shutdown_deadline && now >= *shutdown_deadline) on_shutdown_answer(true, out);
    return;
  }
  if (now - last_echo >= options.timeout) {
    if (phase == Phase::connecting)
      return end(Reason::scheduler_lost,
                 fmt::format("Timeout when connecting to scheduler {} in {} seconds{}",
                             options.scheduler_address, whole_seconds(options.timeout),
                             last_failure.empty() ? "" : " (" + last_failure + ")"),
                 out);
    return end(Reason::scheduler_lost,
               fmt::format("the scheduler {} did not answer for {} seconds{}",
                           options.scheduler_address, whole_seconds(options.timeout),
                           last_failure.empty() ? "" : " (" + last_failure + ")"),
               out);
  }
  if (const auto complaint = complaint_about_store(now))
    return end(Reason::storage_lost, *complaint, out);
  if (!release_at || now < *release_at) return;
  if (!tasks.empty() && !release_urgent && now < release_by)
    release_at = now + options.release_interval;
  else
    flush_releases(out);
}

std::optional<TimePoint> ClientCore::Impl::next_deadline() const {
  if (phase == Phase::ended) return std::nullopt;
  if (phase == Phase::shutting_down) return shutdown_deadline;
  TimePoint next = std::min(heartbeat_at, last_echo + options.timeout);
  if (store_deadline) next = std::min(next, *store_deadline);
  if (store_proof_deadline) next = std::min(next, *store_proof_deadline);
  if (release_at) next = std::min(next, *release_at);
  return next;
}

// The scheduler drops the client's tasks and objects when it hears of it, but leaves alone what
// runs: that has to be cancelled by force before.
void ClientCore::Impl::leave(wire::DisconnectType type, TimePoint now, Outbox& out) {
  if (phase == Phase::shutting_down) return;
  const bool known_there = phase == Phase::ready || phase == Phase::storing;
  creates = {};
  after_creates.clear();
  cancel_all();
  settle_all(std::nullopt, {}, out);
  for (wire::Message& cancel : std::exchange(after_creates, {}))
    if (known_there) out.effects.emplace_back(ToScheduler{std::move(cancel)});
  if (type == wire::DisconnectType::shutdown && known_there) {
    phase = Phase::shutting_down;
    shutdown_deadline = now + shutdown_patience;
    out.effects.emplace_back(ToScheduler{wire::ClientDisconnect{type}});
    return;
  }
  if (known_there)
    out.effects.emplace_back(ToScheduler{wire::ClientDisconnect{wire::DisconnectType::disconnect}});
  end(Reason::left, "client is already stopped.", out);
}

void ClientCore::Impl::on_shutdown_answer(bool accepted, Outbox& out) {
  if (phase != Phase::shutting_down) return;
  if (!accepted)  // the scheduler keeps us until we say that we leave
    out.effects.emplace_back(ToScheduler{wire::ClientDisconnect{wire::DisconnectType::disconnect}});
  out.notices.emplace_back(ShutdownAnswered{accepted});
  end(Reason::left, "client is already stopped.", out);
}

void ClientCore::Impl::end(Reason reason, const std::string& text, Outbox& out) {
  if (phase == Phase::ended) return;
  settle_all(reason, text, out);
  phase = Phase::ended;
  creates = {};
  after_creates.clear();
  releases.clear();
  unstored.clear();
  released_unstored.clear();
  unstored_bytes = 0;
  out.notices.emplace_back(Ended{reason, text});
  out.effects.emplace_back(
      HangUp{reason == Reason::left ? options.farewell_patience : Duration::zero()});
}

void ClientCore::Impl::refuse(const Request& request, Outbox& out) {
  const auto lose = [&](Token token) {
    out.notices.emplace_back(Lost{token, Reason::left, "client is already stopped."});
  };
  if (const auto* submit = std::get_if<Submit>(&request))
    for (const NewTask& task : submit->tasks) lose(task.token);
  if (const auto* graph = std::get_if<SubmitGraph>(&request))
    for (const GraphTarget& target : graph->targets) lose(target.token);
  if (const auto* fetch = std::get_if<FetchResult>(&request)) lose(fetch->token);
}

}  // namespace scaler::client
