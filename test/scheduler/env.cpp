#include "scheduler/env.hpp"

#include <catch2/catch.hpp>

namespace scaler::scheduler {

Options SchedulerEnv::quiet() {
  Options options;
  options.advertised_storage = {"storage.example", 6379, "tcp"};
  options.load_balance_interval = -1s;
  return options;
}

SchedulerEnv::SchedulerEnv(Options options) : core(std::move(options)) {}

TestPeer SchedulerEnv::connect(const std::string& identity) {
  const TestPeer peer{PeerId{next_peer_++, 1}, Bytes::copy_of(identity)};
  peers_[peer.id] = peer;
  core.on_peer(peer.id, peer.identity, now, out);
  settle();
  return peer;
}

TestPeer SchedulerEnv::add_client(const std::string& identity) {
  const std::string number = std::to_string(next_name_++);
  const TestPeer client = connect(identity.empty() ? "Client|" + number : identity);
  client_heartbeat(client);
  take<wire::ClientHeartbeatEcho>(client);
  return client;
}

wire::WorkerHeartbeat SchedulerEnv::heartbeat_of(const TestWorker& worker) const {
  wire::WorkerHeartbeat heartbeat;
  heartbeat.queue_size = worker.slots;
  heartbeat.manager_id = Bytes::copy_of(worker.manager);
  for (const auto& name : worker.capabilities) heartbeat.capabilities.push_back({name, -1});
  return heartbeat;
}

TestPeer SchedulerEnv::add_worker(TestWorker worker) {
  const std::string number = std::to_string(next_name_++);
  const TestPeer peer = connect(worker.identity.empty() ? "Worker|" + number : worker.identity);
  say(peer, heartbeat_of(worker));
  auto& mail = mail_[peer.id];
  REQUIRE(!mail.empty());
  REQUIRE(std::holds_alternative<wire::WorkerHeartbeatEcho>(mail.back()));
  mail.pop_back();  // tasks may come before it
  return peer;
}

void SchedulerEnv::lose(const TestPeer& peer) {
  peers_.erase(peer.id);
  core.on_peer_lost(peer.id, now, out);
  settle();
}

TestPeer SchedulerEnv::reconnect(const TestPeer& peer) {
  return connect(std::string(peer.identity.text()));
}

void SchedulerEnv::say(const TestPeer& from, wire::Message message) {
  const Bytes frame = wire::encode(message);
  auto decoded = wire::decode(frame);
  REQUIRE(decoded);
  core.on_message(from.id, std::move(*decoded), frame, now, out);
  settle();
}

TaskId SchedulerEnv::new_task_id() {
  TaskId id;
  store_be64(id.bytes.data() + 8, next_id_++);
  return id;
}
ObjectId SchedulerEnv::new_object_id() {
  ObjectId id;
  store_be64(id.bytes.data() + 24, next_id_++);
  return id;
}

wire::Task SchedulerEnv::task_of(const TestPeer& client, TestTask task) {
  wire::Task message;
  message.id = new_task_id();
  message.source = client.identity;
  message.metadata = wire::encode_task_flags({true, task.priority, false});
  message.function = new_object_id();
  message.arguments = std::move(task.arguments);
  for (const auto& name : task.capabilities) message.capabilities.push_back({name, -1});
  return message;
}

TaskId SchedulerEnv::submit(const TestPeer& client, TestTask task) {
  auto message = task_of(client, std::move(task));
  const TaskId id = message.id;
  say(client, std::move(message));
  return id;
}

void SchedulerEnv::cancel(const TestPeer& from, const TaskId& task, bool force) {
  say(from, wire::TaskCancel{task, force});
}

void SchedulerEnv::confirm(const TestPeer& worker, const TaskId& task,
                           wire::CancelConfirmType type) {
  say(worker, wire::TaskCancelConfirm{task, type});
}

ObjectId SchedulerEnv::create(const TestPeer& from, const Bytes& user, const std::string& name) {
  const ObjectId id = new_object_id();
  say(from, wire::ObjectInstruction{wire::ObjectInstructionType::create,
                                    user,
                                    {id},
                                    {wire::ObjectContentType::object},
                                    {Bytes::copy_of(name)}});
  return id;
}

ObjectId SchedulerEnv::finish(const TestPeer& worker, const TestPeer& owner, const TaskId& task,
                              wire::TaskResultType type) {
  const ObjectId id = create(worker, owner.identity, "<res ObjectID(...)>");
  say(worker, wire::TaskResult{task, type, Bytes::copy_of("0123456789abcdef"), {id}});
  return id;
}

wire::Message SchedulerEnv::take_any(const TestPeer& to) {
  auto& mail = mail_[to.id];
  REQUIRE(!mail.empty());
  auto message = std::move(mail.front());
  mail.pop_front();
  return message;
}

void SchedulerEnv::expect_result(const TestPeer& client, const TaskId& task,
                                 wire::TaskResultType type) {
  const auto result = take<wire::TaskResult>(client);
  REQUIRE(result.id == task);
  REQUIRE(result.type == type);
}
void SchedulerEnv::expect_confirm(const TestPeer& client, const TaskId& task,
                                  wire::CancelConfirmType type) {
  const auto confirm = take<wire::TaskCancelConfirm>(client);
  REQUIRE(confirm.id == task);
  REQUIRE(confirm.type == type);
}
void SchedulerEnv::expect_task(const TestPeer& worker, const TaskId& task) {
  REQUIRE(take<wire::Task>(worker).id == task);
}
void SchedulerEnv::expect_cancel(const TestPeer& worker, const TaskId& task, bool force) {
  const auto cancel = take<wire::TaskCancel>(worker);
  REQUIRE(cancel.id == task);
  REQUIRE(cancel.force == force);
}

std::optional<TestPeer> SchedulerEnv::take_worker_given(const TaskId& task) {
  for (auto& [id, mail] : mail_)
    for (auto at = mail.begin(); at != mail.end(); ++at)
      if (auto* given = std::get_if<wire::Task>(&*at); given != nullptr && given->id == task) {
        mail.erase(at);
        return peers_.at(id);
      }
  return std::nullopt;
}

void SchedulerEnv::expect_silence() {
  for (auto& [id, mail] : mail_)
    for (const auto& message : mail) FAIL("nobody expected " << wire::kind_name(message));
}

void SchedulerEnv::forget_mail() { mail_.clear(); }

void SchedulerEnv::advance(Duration by) {
  const TimePoint end = now + by;
  for (;;) {
    const auto next = core.next_deadline();
    if (!next || *next > end) break;
    now = std::max(now, *next);
    core.on_deadline(now, out);
    settle();
  }
  now = end;
}

void SchedulerEnv::step() {
  core.run_turn(now, out);
  collect();
}

void SchedulerEnv::settle() {
  while (core.run_turn(now, out)) {
  }
  collect();
  if (check) core.check_invariants();
}

void SchedulerEnv::collect() {
  const auto deliver = [&](PeerId to, const Bytes& frame,
                           wire::ManagerDialect dialect = wire::ManagerDialect::v2_0) {
    auto message = wire::decode(frame, dialect);
    REQUIRE(message);
    REQUIRE(peers_.contains(to));  // nothing is said to a connection that has gone
    mail_[to].push_back(std::move(*message));
  };
  for (Effect& effect : out) {
    if (auto* send = std::get_if<Send>(&effect)) {
      const auto* command = std::get_if<wire::WorkerManagerCommand>(&send->message);
      deliver(send->to, wire::encode(send->message),
              command ? command->dialect : wire::ManagerDialect::v2_0);
    }
    if (auto* forward = std::get_if<Forward>(&effect)) deliver(forward->to, forward->frame);
    if (auto* publish = std::get_if<Publish>(&effect)) {
      auto decoded = wire::decode(wire::encode(publish->message));
      REQUIRE(decoded);
      events.push_back(std::move(*decoded));
    }
    if (auto* removal = std::get_if<DeleteObjects>(&effect))
      deleted.insert(deleted.end(), removal->ids.begin(), removal->ids.end());
    if (auto* copy = std::get_if<DuplicateObject>(&effect)) duplicated.push_back(*copy);
    if (auto* drop = std::get_if<Drop>(&effect)) dropped.push_back(*drop);
    if (std::holds_alternative<ShutDown>(effect)) shut_down = true;
  }
  out.clear();
}

std::uint32_t SchedulerEnv::count(wire::TaskState state) const {
  for (const auto& entry : status().tasks)
    if (entry.state == state) return entry.count;
  return 0;
}

}  // namespace scaler::scheduler
