#include "agent/agent_env.hpp"

#include <catch2/catch.hpp>

#include "base/md5.hpp"
#include "scaler/wire/codec.hpp"

namespace scaler::agent {

namespace {

const std::string first_client = "Client|c1";

ObjectId object_of(const std::string& client, const std::string& name) {
  ObjectId id;
  const auto owner = owner_hash_of(as_bytes(client));
  const auto tag = md5(as_bytes("object " + name));
  std::copy(owner.begin(), owner.end(), id.bytes.begin());
  std::copy(tag.begin(), tag.end(), id.bytes.begin() + 16);
  return id;
}

}  // namespace

Bytes payload_of(const ObjectId& id) { return Bytes::copy_of("bytes of " + id.hex()); }

Options AgentEnv::some_options() {
  Options options;
  options.worker_id = "Worker|FIX|aa|bb";
  options.manager_id = "wm1";
  options.object_storage = Address::parse("tcp://127.0.0.1:7001").value();
  return options;
}

AgentEnv::AgentEnv(Setup setup, Options options)
    : setup_(setup), options_(options), agent_(std::move(options)) {
  agent_.start(now_, out_);
  drain();
  if (setup_.connected) connect();
  if (options_.object_storage) reconnect_store();
  advance(0s);  // the first heartbeat
  take_heartbeats();
  take_store_addresses();
}

TaskId AgentEnv::submit(const TaskSpec& spec) {
  wire::Task task;
  task.id.bytes[0] = std::byte{0x7a};
  task.id.bytes[15] = static_cast<std::byte>(next_task_ & 0xff);
  task.id.bytes[14] = static_cast<std::byte>(next_task_++ >> 8);
  task.source = Bytes::copy_of(spec.client);
  task.metadata = wire::encode_task_flags({true, spec.priority, spec.stream_output});
  task.function = object_of(spec.client, spec.function);
  for (const std::string& name : spec.arguments)
    task.arguments.emplace_back(object_of(spec.client, name));
  for (const ObjectId& id : spec.objects) task.arguments.emplace_back(id);
  task.carried = {spec.result_bytes_max, spec.copies, spec.result_id};
  submitted_[task.id] = task;
  tell(task);
  return task.id;
}

TaskId AgentEnv::submit_taking(const ObjectId& argument, const std::string& content) {
  if (!content.empty()) contents_[argument] = content;
  TaskSpec spec;
  spec.objects = {argument};
  return submit(spec);
}

void AgentEnv::submit_again(const TaskId& task) { tell(submitted_.at(task)); }
void AgentEnv::cancel(const TaskId& task, bool force) { tell(wire::TaskCancel{task, force}); }

void AgentEnv::remove_objects(const std::vector<ObjectId>& ids) {
  wire::ObjectInstruction instruction;
  instruction.type = wire::ObjectInstructionType::remove;
  instruction.ids = ids;
  tell(instruction);
}

void AgentEnv::tell(wire::Message message) {
  const Bytes frame = wire::encode(message);
  agent_.on_scheduler_message(wire::decode(frame).value(), frame, now_, out_);
  drain();
}

void AgentEnv::connect() {
  agent_.on_scheduler_connected(now_, out_);
  drain();
}
void AgentEnv::disconnect() {
  agent_.on_scheduler_lost(now_, out_);
  drain();
}

std::vector<wire::Message> AgentEnv::take_said() { return std::exchange(said_, {}); }
std::vector<wire::WorkerHeartbeat> AgentEnv::take_heartbeats() {
  return std::exchange(heartbeats_, {});
}

std::optional<wire::CancelConfirmType> AgentEnv::take_confirm(const TaskId& task) {
  for (auto at = said_.begin(); at != said_.end(); ++at)
    if (const auto* confirm = std::get_if<wire::TaskCancelConfirm>(&*at);
        confirm && confirm->id == task) {
      const auto type = confirm->type;
      said_.erase(at);
      return type;
    }
  return std::nullopt;
}

AgentEnv::Outcome AgentEnv::take_outcome(const TaskId& task) {
  for (std::size_t i = 0; i < said_.size(); ++i) {
    const auto* result = std::get_if<wire::TaskResult>(&said_[i]);
    if (!result || result->id != task) continue;
    REQUIRE(i > 0);
    const ObjectId id = result->results.at(0);
    Outcome outcome{*result, take_announcement(id, i), stored_.at(id)};
    said_.erase(std::find(said_.begin(), said_.end(), wire::Message(outcome.result)));
    return outcome;
  }
  FAIL("no result for this task was sent");
  return {};
}

// One announcement may be of several results: what belongs to this one is taken out of it.
wire::ObjectInstruction AgentEnv::take_announcement(const ObjectId& id, std::size_t before) {
  for (std::size_t i = 0; i < before; ++i) {
    auto* create = std::get_if<wire::ObjectInstruction>(&said_[i]);
    if (!create) continue;
    const auto at = std::find(create->ids.begin(), create->ids.end(), id) - create->ids.begin();
    if (static_cast<std::size_t>(at) == create->ids.size()) continue;
    wire::ObjectInstruction own = *create;
    own.ids = {id};
    own.types = {create->types.at(static_cast<std::size_t>(at))};
    own.names = {create->names.at(static_cast<std::size_t>(at))};
    create->ids.erase(create->ids.begin() + at);
    create->types.erase(create->types.begin() + at);
    create->names.erase(create->names.begin() + at);
    if (create->ids.empty()) said_.erase(said_.begin() + static_cast<std::ptrdiff_t>(i));
    return own;
  }
  FAIL("a result came before its object was announced");
  return {};
}

void AgentEnv::expect_silence() { REQUIRE(said_.empty()); }

ObjectId AgentEnv::object(const std::string& name) const { return object_of(first_client, name); }

void AgentEnv::give(const ObjectId& id) {
  agent_.on_object(id, payload_of(id), now_, out_);
  drain();
}

void AgentEnv::acknowledge_all() {
  for (const ObjectId& id : std::exchange(unacknowledged_, {}))
    agent_.on_object_stored(id, now_, out_);
  drain();
}

void AgentEnv::lose_store() {
  agent_.on_store_lost(now_, out_);
  drain();
}
void AgentEnv::reconnect_store() {
  agent_.on_store_connected(now_, out_);
  drain();
}
std::vector<ObjectId> AgentEnv::take_gets() { return std::exchange(gets_, {}); }
std::vector<ObjectId> AgentEnv::take_removes() { return std::exchange(removes_, {}); }
std::vector<ObjectId> AgentEnv::take_sets() { return std::exchange(sets_, {}); }

std::optional<TaskId> AgentEnv::running() const {
  std::optional<TaskId> task;
  for (const auto& [id, fake] : fakes_) {
    if (!fake.task || fake.suspended || fake.killed) continue;
    REQUIRE_FALSE(task);  // never two at a time
    task = fake.task;
  }
  return task;
}

ProcessorId AgentEnv::processor_of(const TaskId& task) const {
  for (const auto& [id, fake] : fakes_)
    if (fake.task == task && !fake.killed) return id;
  FAIL("no processor has this task");
  return 0;
}

std::size_t AgentEnv::alive() const {
  return static_cast<std::size_t>(std::count_if(
      fakes_.begin(), fakes_.end(), [](const auto& entry) { return !entry.second.killed; }));
}
std::size_t AgentEnv::idle() const {
  return static_cast<std::size_t>(std::count_if(fakes_.begin(), fakes_.end(), [](const auto& e) {
    return !e.second.killed && e.second.ready && !e.second.task;
  }));
}

void AgentEnv::make_ready(ProcessorId id) {
  fakes_.at(id).ready = true;
  say(id, ProcessorStarted{100 + id});
  say(id, ProcessorReady{"3.11.2"});
}

void AgentEnv::say(ProcessorId id, FromProcessor message) {
  agent_.on_processor_message(id, decode_from_processor(encode(message)).value(), now_, out_);
  drain();
}

void AgentEnv::finish(const TaskId& task, const std::string& result) {
  const ProcessorId id = processor_of(task);
  fakes_.at(id).task.reset();
  finished_.push_back(task);
  say(id, TaskFinished{task, false, Bytes::copy_of(result), ""});
}

void AgentEnv::raise(const TaskId& task, const std::string& pickled) {
  const ProcessorId id = processor_of(task);
  fakes_.at(id).task.reset();
  finished_.push_back(task);
  say(id, TaskFinished{task, true, Bytes::copy_of(pickled), "ValueError: no"});
}

void AgentEnv::end(ProcessorId id, ProcessorEnd how) {
  fakes_.erase(id);
  agent_.on_processor_ended(id, how, now_, out_);
  drain();
}

void AgentEnv::advance(Duration by) {
  const TimePoint target = now_ + by;
  for (int events = 0;; ++events) {
    REQUIRE(events < 1000);  // a deadline that does not go away would keep a processor core busy
    const auto deadline = agent_.next_deadline();
    if (!deadline || *deadline > target) break;
    now_ = std::max(now_, *deadline);
    if (agent_.heartbeat_due(now_))
      agent_.send_heartbeat(measures, now_, out_);
    else
      agent_.on_deadline(now_, out_);
    drain();
  }
  now_ = target;
}

void AgentEnv::leave(const std::string& reason) {
  agent_.leave(reason, now_, out_);
  drain();
}

std::vector<Address> AgentEnv::take_store_addresses() {
  return std::exchange(store_addresses_, {});
}

// Effects are applied in order; what they cause comes after all of them, as in a loop's next turn.
void AgentEnv::hand_over(const ObjectId& id) {
  agent_.on_object_handed_over(id);
  drain();
}

void AgentEnv::drain() {
  for (agent_.finish_turn(out_); !out_.empty(); agent_.finish_turn(out_)) {
    Outbox effects = std::exchange(out_, {});
    for (Effect& effect : effects) apply(std::move(effect));
  }
  agent_.check_invariants();
}

void AgentEnv::apply(Effect effect) {
  REQUIRE_FALSE(left_);  // nothing follows a Leave
  if (auto* to_scheduler = std::get_if<ToScheduler>(&effect)) {
    hear(wire::decode(wire::encode(to_scheduler->message)).value());
  } else if (auto* connect_store = std::get_if<ConnectStore>(&effect)) {
    store_addresses_.push_back(connect_store->address);
  } else if (auto* get = std::get_if<GetObject>(&effect)) {
    gets_.push_back(get->id);
    if (setup_.store_gives) agent_.on_object(get->id, payload_of(get->id), now_, out_);
  } else if (auto* set = std::get_if<SetObject>(&effect)) {
    sets_.push_back(set->id);
    stored_[set->id] = set->payload;
    if (set->may_be_handed) may_hand_over_.push_back(set->id);
    if (setup_.store_acknowledges)
      agent_.on_object_stored(set->id, now_, out_);
    else
      unacknowledged_.insert(set->id);
  } else if (auto* remove = std::get_if<RemoveObject>(&effect)) {
    removes_.push_back(remove->id);
  } else if (auto* start = std::get_if<StartProcessor>(&effect)) {
    REQUIRE(fakes_.emplace(start->processor, Fake{}).second);
    ++started_;
    if (!setup_.processors_start) return;
    fakes_.at(start->processor).ready = true;
    agent_.on_processor_message(start->processor, ProcessorStarted{100 + start->processor}, now_,
                                out_);
    agent_.on_processor_message(start->processor, ProcessorReady{"3.11.2"}, now_, out_);
  } else if (auto* tell_processor = std::get_if<TellProcessor>(&effect)) {
    told(tell_processor->processor, decode_to_processor(encode(tell_processor->message)).value());
  } else if (auto* suspend = std::get_if<SuspendProcessor>(&effect)) {
    Fake& fake = fakes_.at(suspend->processor);
    REQUIRE_FALSE(std::exchange(fake.suspended, true));
    fake.hard = suspend->hard;
  } else if (auto* resume = std::get_if<ResumeProcessor>(&effect)) {
    Fake& fake = fakes_.at(resume->processor);
    REQUIRE(std::exchange(fake.suspended, false));
    REQUIRE(fake.hard == resume->hard);
  } else if (auto* kill = std::get_if<KillProcessor>(&effect)) {
    REQUIRE_FALSE(std::exchange(fakes_.at(kill->processor).killed, true));
    kills_.push_back(*kill);
  } else if (auto* leaving = std::get_if<Leave>(&effect)) {
    left_ = *leaving;
  }
}

void AgentEnv::told(ProcessorId id, const ToProcessor& message) {
  Fake& fake = fakes_.at(id);
  REQUIRE_FALSE(fake.killed);
  if (const auto* object = std::get_if<GiveObject>(&message)) {
    REQUIRE(fake.objects.insert(object->id).second);  // given once
    const auto known = contents_.find(object->id);
    REQUIRE(object->payload ==
            (known == contents_.end() ? payload_of(object->id) : Bytes::copy_of(known->second)));
  } else if (const auto* serializer = std::get_if<GiveSerializer>(&message)) {
    REQUIRE(fake.serializers.insert(std::string(serializer->client.text())).second);
  } else if (const auto* forget = std::get_if<ForgetObjects>(&message)) {
    for (const ObjectId& forgotten : forget->ids) {
      bool known = fake.objects.erase(forgotten) == 1;
      for (auto at = fake.serializers.begin(); !known && at != fake.serializers.end(); ++at)
        if (serializer_id_of(as_bytes(*at)) == forgotten) {
          fake.serializers.erase(at);
          known = true;
          break;
        }
      REQUIRE(known);
    }
  } else if (const auto* run = std::get_if<RunTask>(&message)) {
    REQUIRE(fake.ready);
    REQUIRE_FALSE(fake.suspended);
    REQUIRE_FALSE(fake.task);
    REQUIRE(fake.serializers.contains(std::string(run->client.text())));
    REQUIRE(fake.objects.contains(run->function));
    for (const ObjectId& argument : run->arguments) REQUIRE(fake.objects.contains(argument));
    fake.task = run->id;
  }
}

void AgentEnv::hear(const wire::Message& message) {
  if (const auto* heartbeat = std::get_if<wire::WorkerHeartbeat>(&message)) {
    heartbeats_.push_back(*heartbeat);
    if (!setup_.scheduler_echoes) return;
    wire::WorkerHeartbeatEcho echo;
    echo.object_storage = {"10.0.0.1", 7002, "tcp"};
    agent_.on_scheduler_message(echo, {}, now_, out_);
    return;
  }
  said_.push_back(message);
}

}  // namespace scaler::agent
