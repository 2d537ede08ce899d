#include <algorithm>
#include <span>
#include <type_traits>
#include <utility>

#include "client/impl.hpp"

namespace scaler::client {

namespace {

// What is released with the others stays in the store a little longer; what is large should not.
constexpr std::size_t removed_at_once_bytes = 64 << 10;
// All copies that one task takes along.
constexpr std::uint64_t copies_bytes_max = 4 * std::uint64_t{wire::copy_bytes_max};
// With a large object among them others wait no longer either.
constexpr Duration release_interval_large = 5ms;
// How many tasks take their function along.
constexpr unsigned function_copies_max = 16;
// Entries of a table that is empty; a larger one goes.
constexpr std::size_t kept_room = 4096;

}  // namespace

// The store gets the bytes now; the scheduler hears of them at the end of the turn, before the
// tasks that use them.
void ClientCore::Impl::announce(std::vector<NewObject>& objects, Outbox& out) {
  for (NewObject& object : objects) {
    creates.ids.push_back(object.id);
    creates.types.push_back(wire::ObjectContentType::object);
    creates.names.push_back(std::move(object.name));
    unstored_bytes += object.payload.size();
    if (store_connected) out.effects.emplace_back(PutObject{object.id, object.payload});
    unstored.emplace(object.id, std::move(object.payload));
  }
}

void ClientCore::Impl::on_request(Upload& request, Outbox& out) {
  for (const NewObject& object : request.objects) kept[object.id].name = object.name;
  announce(request.objects, out);
}

void ClientCore::Impl::on_request(Release& request, Outbox& /*out*/) {
  for (const ObjectId& id : request.objects)
    if (const auto found = kept.find(id); found != kept.end()) {
      found->second.released = true;
      if (found->second.tasks_open == 0) release_kept(found);
    }
}

void ClientCore::Impl::release_kept(KeptObjects::iterator at) {
  release(at->first);
  kept.erase(at);
}

void ClientCore::Impl::on_request(Clear& /*request*/, Outbox& out) {
  cancel_all();
  settle_all(std::nullopt, {}, out);
  while (!kept.empty()) release_kept(kept.begin());
  out.notices.emplace_back(Cleared{});
}

void ClientCore::Impl::on_object_stored(const ObjectId& id) {
  store_proof_deadline.reset();
  store_refusals = 0;
  const auto found = unstored.find(id);
  if (found == unstored.end()) return;
  unstored_bytes -= found->second.size();
  unstored.erase(found);
  if (released_unstored.erase(id) == 1) releases.push_back(id);
}

void ClientCore::Impl::on_object(const ObjectId& id, Bytes payload, Outbox& out) {
  store_refusals = 0;
  const auto fetch = fetches.find(id);
  if (fetch == fetches.end()) {
    ++counters.stray_answers;
    return;
  }
  const auto found = tasks.find(fetch->second);
  const auto limit = fetch_limits.find(id);
  if (limit != fetch_limits.end() && payload.size() >= limit->second) {  // perhaps not all of it
    Task& task = found->second;
    out.notices.emplace_back(
        Finished{std::exchange(task.token, 0), task.failed, false, task.announced->profile, {}});
    task.told = true;
    task.phase = Task::Phase::known;
    fetch_limits.erase(limit);
    fetches.erase(fetch);
    return;
  }
  if (payload.size() >= removed_at_once_bytes && !found->second.of_graph)
    out.effects.emplace_back(RemoveObject{id});
  deliver(found, std::move(payload), out);
}

// What a task was given a copy of may be on its way to the store still, and would come there after
// its deletion.
void ClientCore::Impl::release(const ObjectId& id) {
  if (unstored.contains(id))
    released_unstored.insert(id);
  else
    releases.push_back(id);
}

// Copies of what the store may not have yet. A function soon is where its tasks run, so only the
// first of them take it along.
wire::Carried ClientCore::Impl::carried_by(const Task& task) {
  wire::Carried carried;
  if (!copies_welcome) return carried;
  carried.result_bytes_max = options.copy_bytes_max;
  std::uint64_t room = copies_bytes_max;
  const auto add = [&](std::size_t place, const ObjectId& id) {
    const auto found = unstored.find(id);
    if (found == unstored.end() || found->second.empty()) return false;
    const std::uint64_t bytes = found->second.size();
    if (bytes > options.copy_bytes_max || bytes > room) return false;
    room -= bytes;
    carried.copies.resize(place + 1);
    carried.copies[place] = found->second;
    return true;
  };
  auto& [function, kept_function] = *task.common->function;
  if (kept_function.copies_sent < function_copies_max && add(0, function))
    ++kept_function.copies_sent;
  const std::span<const TaskArgument> arguments = task.arguments.view();
  for (std::size_t at = 0; at < arguments.size(); ++at) add(at + 1, arguments[at].id);
  return carried;
}

void ClientCore::Impl::flush(TimePoint now, Outbox& out) {
  if (phase == Phase::ended) return;
  if (!creates.ids.empty()) {
    wire::ObjectInstruction said = std::exchange(creates, {});
    creates.type = wire::ObjectInstructionType::create;
    said.user = source();
    out.effects.emplace_back(ToScheduler{std::move(said)});
  }
  for (wire::Message& message : after_creates)
    out.effects.emplace_back(ToScheduler{std::move(message)});
  after_creates.clear();
  give_back_room();
  if (releases.size() >= options.release_batch) return flush_releases(out);
  if (releases.empty()) return;
  const TimePoint due = now + (release_urgent ? release_interval_large : options.release_interval);
  if (!release_at) release_by = now + options.release_interval_busy;
  release_at = std::min(release_at.value_or(due), due);
}

// What a burst needed is not kept for the next one.
void ClientCore::Impl::give_back_room() {
  const auto give_back = [](auto& emptied, std::size_t room) {
    if (emptied.empty() && room > kept_room) std::decay_t<decltype(emptied)>().swap(emptied);
  };
  give_back(after_creates, after_creates.capacity());
  give_back(tasks, tasks.bucket_count());
  give_back(fetches, fetches.bucket_count());
  give_back(fetch_limits, fetch_limits.bucket_count());
  give_back(unstored, unstored.bucket_count());
  give_back(released_unstored, released_unstored.bucket_count());
}

void ClientCore::Impl::flush_releases(Outbox& out) {
  release_at.reset();
  release_urgent = false;
  if (releases.empty()) return;
  wire::ObjectInstruction said;
  said.type = wire::ObjectInstructionType::remove;
  said.user = source();
  said.ids = std::exchange(releases, {});
  out.effects.emplace_back(ToScheduler{std::move(said)});
}

}  // namespace scaler::client
