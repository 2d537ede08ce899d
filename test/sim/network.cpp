#include "sim/network.hpp"

namespace scaler::sim {

Node::Node(Network& network, std::string identity)
    : network_(network), identity_(Bytes::copy_of(identity)) {}

void Node::after(Duration delay, std::function<void()> act) {
  network_.at(network_.now + delay, [this, act = std::move(act)] {
    if (alive_) act();
  });
}

void Node::say(wire::Message message) {
  if (!connected_) return unsent_.push_back(std::move(message));
  spoken_until_ = std::max(spoken_until_, network_.now + network_.random_delay(100us, 20ms));
  network_.at(spoken_until_, [this, peer = peer_, message = std::move(message)]() mutable {
    if (connected_ && peer_ == peer) network_.to_scheduler(*this, std::move(message));
  });
}

void Node::connect() {
  if (connected_ || !alive_) return;
  connected_ = true;
  peer_ = PeerId{network_.next_peer_++, 1};
  network_.connected_[peer_] = this;
  network_.core.on_peer(peer_, identity_, network_.now, network_.out_);
  network_.after_scheduler();
  for (auto& message : std::exchange(unsent_, {})) say(std::move(message));
  on_connected();
}

void Node::cut() {
  if (!connected_) return;
  connected_ = false;
  network_.connected_.erase(peer_);
  network_.core.on_peer_lost(peer_, network_.now, network_.out_);
  network_.after_scheduler();
}

void Node::kill() {
  cut();
  alive_ = false;
}

Network::Network(std::uint64_t seed, scheduler::Options options)
    : random(seed), core(std::move(options)) {}

void Network::at(TimePoint when, std::function<void()> act) {
  events_.push({when, next_order_++, std::move(act)});
}

void Network::run_until(TimePoint end, const std::function<bool()>& done) {
  while (!events_.empty() && events_.top().when <= end && !done()) {
    auto act = events_.top().act;
    now = std::max(now, events_.top().when);
    events_.pop();
    act();
  }
  if (events_.empty() || events_.top().when > end) now = std::max(now, end);
}

Duration Network::random_delay(Duration least, Duration most) {
  return least + Duration(random.below(static_cast<std::uint64_t>((most - least).count())));
}

TaskId Network::new_task_id() {
  TaskId id;
  random.fill(id.bytes);
  return id;
}
ObjectId Network::new_object_id() {
  ObjectId id;
  random.fill(id.bytes);
  return id;
}

void Network::note(PeerId peer, const wire::Message& message) {
  ++delivered;
  const auto mix = [this](std::uint64_t value) { trace = (trace ^ value) * 1099511628211U; };
  mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
  mix(peer.index);
  mix(message.index());
}

void Network::to_scheduler(Node& node, wire::Message message) {
  note(node.peer_, message);
  const Bytes frame = wire::encode(message);
  auto decoded = wire::decode(frame);
  SCALER_ASSERT(decoded, "the codec reads what it wrote");
  const std::uint64_t refused_before = core.counters().messages_refused;
  core.on_message(node.peer_, std::move(*decoded), frame, now, out_);
  const auto* objects = std::get_if<wire::ObjectInstruction>(&message);
  if (objects != nullptr && objects->type == wire::ObjectInstructionType::create &&
      core.counters().messages_refused == refused_before)
    announced.insert(objects->ids.begin(), objects->ids.end());
  after_scheduler();
}

void Network::check_objects(const wire::Task& task) const {
  SCALER_ASSERT(!deleted.contains(task.function), "a function is deleted too early");
  for (const auto& argument : task.arguments)
    SCALER_ASSERT(!deleted.contains(std::get<ObjectId>(argument)),
                  "an argument is deleted too early");
}

void Network::store(const ObjectId& id) {
  if (to_come_.contains(id) && came_.insert(id).second) when_stored();
}

bool Network::has_all_of(const wire::Task& task) const {
  return std::all_of(task.arguments.begin(), task.arguments.end(), [this](const auto& argument) {
    const ObjectId& id = std::get<ObjectId>(argument);
    return !to_come_.contains(id) || came_.contains(id);
  });
}

void Network::deliver_to_node(PeerId peer, const Bytes& frame) {
  const auto found = connected_.find(peer);
  if (found == connected_.end()) return;
  Node& node = *found->second;
  auto message = wire::decode(frame);
  SCALER_ASSERT(message, "the scheduler speaks the protocol");
  if (const auto* task = std::get_if<wire::Task>(&*message)) {
    check_objects(*task);
    latest_[task->id] = task->function;
    if (task->carried.result_id) to_come_.insert(*task->carried.result_id);
  }
  node.heard_until_ = std::max(node.heard_until_, now + random_delay(100us, 20ms));
  at(node.heard_until_, [this, &node, peer, message = std::move(*message)]() mutable {
    if (!node.connected_ || node.peer_ != peer) return;
    note(peer, message);
    node.on_message(std::move(message));
  });
}

// The role's end of turn, a moment later and once for whatever happened till then.
void Network::after_scheduler() {
  if (++checks_ % 16 == 0) core.check_invariants();
  perform();
  if (!turn_planned_) {
    turn_planned_ = true;
    at(now + 50us, [this] {
      turn_planned_ = false;
      if (core.run_turn(now, out_)) after_scheduler();
      perform();
    });
  }
  const auto next = core.next_deadline();
  if (!next || (deadline_planned_ > now && deadline_planned_ <= *next)) return;
  deadline_planned_ = std::max(*next, now + 1us);
  at(deadline_planned_, [this, planned = deadline_planned_] {
    if (planned != deadline_planned_) return;
    core.on_deadline(now, out_);
    after_scheduler();
  });
}

void Network::perform() {
  for (auto& effect : std::exchange(out_, {})) {
    if (auto* send = std::get_if<scheduler::Send>(&effect))
      deliver_to_node(send->to, wire::encode(send->message));
    else if (auto* forward = std::get_if<scheduler::Forward>(&effect))
      deliver_to_node(forward->to, forward->frame);
    else if (auto* removal = std::get_if<scheduler::DeleteObjects>(&effect))
      deleted.insert(removal->ids.begin(), removal->ids.end());
  }
}

}  // namespace scaler::sim
