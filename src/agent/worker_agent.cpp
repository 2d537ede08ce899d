#include "scaler/agent/worker_agent.hpp"

#include "agent/agent_state.hpp"

// Every event goes the same way: tell the part it is about, then let the queue move on.
namespace scaler::agent {

WorkerAgent::WorkerAgent(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
WorkerAgent::~WorkerAgent() = default;

void WorkerAgent::start(TimePoint now, Outbox& out) {
  impl_->last_echo = impl_->next_heartbeat = now;
  impl_->start_processor(out);
  if (!impl_->options.object_storage) return;
  impl_->storage = impl_->options.object_storage;
  impl_->connect_store(now, out);
}

void WorkerAgent::on_scheduler_message(wire::Message message, Bytes, TimePoint now, Outbox& out) {
  if (impl_->left) return;
  impl_->scheduler_message(std::move(message), now, out);
  impl_->pump(now, out);
}

void WorkerAgent::on_scheduler_connected(TimePoint now, Outbox&) {
  impl_->connected = true;
  impl_->unanswered_since.reset();
  impl_->next_heartbeat = now;
}

void WorkerAgent::on_scheduler_lost(TimePoint, Outbox&) { impl_->connected = false; }

void WorkerAgent::on_store_connected(TimePoint now, Outbox& out) {
  if (impl_->left) return;
  impl_->send_to_store(now, out);
  impl_->pump(now, out);
}

void WorkerAgent::on_store_lost(TimePoint now, Outbox&) {
  if (!impl_->store_connected) return;
  impl_->store_connected = false;
  impl_->store_missing_since = now;
  impl_->forget_held();
  impl_->objects.store_lost();
}

void WorkerAgent::on_object(const ObjectId& id, Bytes payload, TimePoint now, Outbox& out) {
  if (impl_->left) return;
  impl_->object_arrived(id, std::move(payload), now, out);
  impl_->pump(now, out);
}

void WorkerAgent::on_object_stored(const ObjectId& id, TimePoint now, Outbox& out) {
  if (impl_->left) return;
  impl_->object_stored(id);
  impl_->pump(now, out);
}

void WorkerAgent::on_object_handed_over(const ObjectId& id) {
  if (!impl_->left) impl_->object_handed_over(id);
}

void WorkerAgent::on_processor_message(ProcessorId processor, FromProcessor message, TimePoint now,
                                       Outbox& out) {
  if (impl_->left) return;
  impl_->processor_message(processor, std::move(message), now, out);
  impl_->pump(now, out);
}

void WorkerAgent::on_processor_ended(ProcessorId processor, const ProcessorEnd& end, TimePoint now,
                                     Outbox& out) {
  if (impl_->left) return;
  impl_->processor_ended(processor, end, now, out);
  impl_->pump(now, out);
}

bool WorkerAgent::heartbeat_due(TimePoint now) const {
  return !impl_->left && impl_->connected && now >= impl_->next_heartbeat;
}

void WorkerAgent::send_heartbeat(const Measures& measures, TimePoint now, Outbox& out) {
  impl_->note_memory(measures);
  if (!heartbeat_due(now)) return;
  out.push_back(ToScheduler{impl_->heartbeat(measures)});
  impl_->unanswered_since = now;
  impl_->next_heartbeat = now + impl_->options.heartbeat_interval * unanswered_intervals_max;
}

void WorkerAgent::on_deadline(TimePoint now, Outbox& out) {
  if (impl_->left) return;
  impl_->check_timeouts(now, out);
  impl_->pump(now, out);
}

void WorkerAgent::finish_turn(Outbox& out) {
  if (!impl_->left) impl_->announce_stored(out);
}

std::optional<TimePoint> WorkerAgent::next_deadline() const { return impl_->next_deadline(); }

void WorkerAgent::leave(const std::string& reason, TimePoint, Outbox& out) {
  impl_->leave(0, reason, true, out);
}

const WorkerAgent::Counters& WorkerAgent::counters() const { return impl_->counters; }

}  // namespace scaler::agent
