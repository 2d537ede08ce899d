#include <utility>

#include "client/impl.hpp"

namespace scaler::client {

namespace {

// What is released with the others stays in the store a little longer; what is large should not.
constexpr std::size_t removed_at_once_bytes = 64 << 10;

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
  const auto found = unstored.find(id);
  if (found == unstored.end()) return;
  unstored_bytes -= found->second.size();
  unstored.erase(found);
}

void ClientCore::Impl::on_object(const ObjectId& id, Bytes payload, Outbox& out) {
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
  if (payload.size() >= removed_at_once_bytes && found->second.graph == 0)
    out.effects.emplace_back(RemoveObject{id});
  deliver(found, std::move(payload), out);
}

void ClientCore::Impl::release(const ObjectId& id) { releases.push_back(id); }

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
  if (releases.size() >= options.release_batch) {
    flush_releases(out);
  } else if (!releases.empty() && !release_at) {
    release_at = now + options.release_interval;
    release_by = now + options.release_interval_busy;
  }
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
