#include "agent/agent_state.hpp"
#include "agent/pickle.hpp"
#include "agent/utf8.hpp"
#include "scaler/base/log.hpp"

namespace scaler::agent {

namespace {

ObjectId new_result_id(const Bytes& client, Random& random) {
  ObjectId id;
  const auto owner = owner_hash_of(client);
  std::copy(owner.begin(), owner.end(), id.bytes.begin());
  random.fill(std::span(id.bytes).subspan(owner.size()));
  return id;
}

// "<res ObjectID(owner_hash=016e..., object_tag=21fc...)>", seen from worker 2.2.0.
Bytes name_of(const ObjectId& id) {
  const std::string hex = id.hex();
  return Bytes::copy_of("<res ObjectID(owner_hash=" + hex.substr(0, 32) +
                        ", object_tag=" + hex.substr(32) + ")>");
}

// Larger ones take a while, in which the store may refuse them.
constexpr std::size_t small_result_bytes = 16 * 1024;

float seconds(Duration duration) { return std::chrono::duration<float>(duration).count(); }

}  // namespace

void WorkerAgent::Impl::task_finished(ProcessorId id, TaskFinished said, TimePoint now,
                                      Outbox& out) {
  Processor* processor = holder_of(id, said.id);
  if (!processor) {
    ++counters.stale_processor_messages;
    return;
  }
  if (said.failed)
    log::error("exception when processing task_id={}:\n{}", said.id.hex(), said.failure);
  if (processor->is<Busy>()) {
    processor->state = Idle{};
    processor->last_use = ++uses;
    idle_deaths = 0;
  } else {
    // The result had left before the suspension came; the processor waits in it without a task.
    kill(id, "task finished in suspended processor", out);
  }
  const AgentTask task = take_task(said.id, out);
  Upload result;
  result.task = said.id;
  result.id = task.said.carried.result_id;
  result.client = task.said.source;
  result.payload = std::move(said.payload);
  result.failed = said.failed;
  result.profile.duration_seconds = seconds(now - task.given_at);
  result.profile.cpu_seconds = said.cpu_seconds;
  result.profile.memory_peak_bytes =
      std::max(said.memory_peak_bytes, task.rss_most - task.rss_first.value_or(task.rss_most));
  result.carried =
      !result.payload.empty() && result.payload.size() <= task.said.carried.result_bytes_max;
  if (result.failed)
    result_will_not_come(task.said, now, out);
  else if (result.id)
    result_is_here(*result.id, result.payload, now, out);
  if (now - task.given_at < hold_patience)
    hold(std::move(result), now, out);
  else
    upload(std::move(result), out);
}

// The task ends with an exception of ours. Its processor, if it has one, is not touched.
void WorkerAgent::Impl::fail(const TaskId& id, std::string_view module, std::string_view name,
                             std::string_view text, TimePoint now, Outbox& out) {
  const AgentTask task = take_task(id, out);
  result_will_not_come(task.said, now, out);
  log::error("exception when processing task_id={}: {}: {}", id.hex(), name, text);
  Upload failure;
  failure.task = id;
  failure.client = task.said.source;
  failure.payload = pickle_exception(module, name, to_utf8(text));
  failure.failed = true;
  failure.named = false;
  const bool ran =
      std::holds_alternative<Running>(task.state) || std::holds_alternative<Suspended>(task.state);
  if (ran) failure.profile.duration_seconds = seconds(now - task.given_at);
  upload(std::move(failure), out);
}

// A failure gets an id that nobody waits for.
ObjectId WorkerAgent::Impl::id_for(const Upload& result) {
  const bool is_as_told = result.id && !result.failed && !uploads.contains(*result.id);
  return is_as_told ? *result.id : new_result_id(result.client, random);
}

ObjectId WorkerAgent::Impl::add_upload(Upload result) {
  const ObjectId id = id_for(result);
  if ((!result.carried || result.id) && !result.failed) recent.add(id, result.payload);
  uploading.emplace(result.task, id);
  upload_bytes += result.payload.size();
  uploads.emplace(id, std::move(result));
  return id;
}

void WorkerAgent::Impl::upload(Upload result, Outbox& out) {
  const ObjectId id = add_upload(std::move(result));
  if (store_connected) send_result(id, uploads.at(id), out);
}

// A result that its announcement carries is announced at once: whoever wants it has it then, and
// others wait at the store until it is there. All others are announced when the store has them, and
// so is a failure, for that of a graph's node is copied there for all other nodes.
void WorkerAgent::Impl::send_result(const ObjectId& id, Upload& result, Outbox& out) {
  if (result.carried && !result.failed) announce(id, result);
  const bool may_be_handed =
      !result.announced && !result.failed && result.payload.size() <= small_result_bytes;
  out.push_back(SetObject{id, result.payload, result.announced, may_be_handed});
}

// In this turn; the upload stays until the store says that it has it.
void WorkerAgent::Impl::announce(const ObjectId& id, Upload& result) {
  if (std::exchange(result.announced, true)) return;
  uploading.erase(result.task);
  Upload& told = stored.emplace_back(id, result).second;
  if (!told.carried) told.payload = {};
}

void WorkerAgent::Impl::hold(Upload result, TimePoint now, Outbox& out) {
  if (!store_connected) return upload(std::move(result), out);
  if (held.empty()) held_since = now;
  held_bytes += result.payload.size();
  held.push_back(add_upload(std::move(result)));
}

// As long as a task runs and others wait behind it, more results are about to follow.
bool WorkerAgent::Impl::may_hold(TimePoint now) const {
  return running && !queue.empty() && now < held_since + hold_patience &&
         held.size() < held_results_max && held_bytes < held_bytes_max;
}

void WorkerAgent::Impl::upload_held(TimePoint now, Outbox& out) {
  if (held.empty() || may_hold(now)) return;
  for (const ObjectId& id : held) send_result(id, uploads.at(id), out);
  forget_held();
}

// They are on their way, or are said with all others when the store is back.
void WorkerAgent::Impl::forget_held() {
  held.clear();
  held_bytes = 0;
}

// The bytes are where the client will look for them: now it may hear of them.
void WorkerAgent::Impl::object_stored(const ObjectId& id) {
  const auto found = uploads.find(id);
  if (found == uploads.end()) return;
  Upload result = std::move(found->second);
  uploads.erase(found);
  upload_bytes -= result.payload.size();
  if (result.announced) return;
  uploading.erase(result.task);
  if (!result.carried) result.payload = {};
  stored.emplace_back(id, std::move(result));
}

void WorkerAgent::Impl::object_handed_over(const ObjectId& id) {
  if (const auto found = uploads.find(id); found != uploads.end()) announce(id, found->second);
}

// The store deletes it too, but may get it only afterwards, from us.
void WorkerAgent::Impl::result_deleted(const ObjectId& id, Outbox& out) {
  const auto found = uploads.find(id);
  if (found == uploads.end() || std::exchange(found->second.deleted, true)) return;
  upload_bytes -= std::exchange(found->second.payload, {}).size();
  if (store_connected) out.push_back(RemoveObject{id});
}

// Each result's object before the result: one announcement for as many in a row as are one
// client's.
void WorkerAgent::Impl::announce_stored(Outbox& out) {
  for (std::size_t begin = 0, end = 0; begin < stored.size(); begin = end) {
    wire::ObjectInstruction create;
    create.type = wire::ObjectInstructionType::create;
    create.user = stored[begin].second.client;
    for (; end < stored.size() && stored[end].second.client == create.user; ++end) {
      const auto& [id, result] = stored[end];
      create.ids.push_back(id);
      create.types.push_back(wire::ObjectContentType::object);
      create.names.push_back(result.named ? name_of(id) : Bytes{});
    }
    out.push_back(ToScheduler{std::move(create)});
    for (std::size_t i = begin; i < end; ++i) tell_result(stored[i].first, stored[i].second, out);
  }
  stored.clear();
}

void WorkerAgent::Impl::tell_result(const ObjectId& id, const Upload& result, Outbox& out) {
  if (result.canceled) return;  // the object has an owner, so it will be deleted
  const auto type = result.failed ? wire::TaskResultType::failed : wire::TaskResultType::success;
  wire::TaskResult said{result.task, type, wire::encode_task_profile(result.profile), {id}};
  if (result.carried) said.carried.copies.push_back(result.payload);
  out.push_back(ToScheduler{std::move(said)});
}

bool WorkerAgent::Impl::uploads_full() const {
  return upload_bytes >= options.upload_bytes_max || uploads.size() >= uploads_max;
}

}  // namespace scaler::agent
