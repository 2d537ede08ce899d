#include "sim/actors.hpp"

namespace scaler::sim {

namespace {

std::vector<ObjectId> objects_of(const wire::Task& task) {
  std::vector<ObjectId> ids{task.function};
  for (const auto& argument : task.arguments)
    if (const auto* id = std::get_if<ObjectId>(&argument)) ids.push_back(*id);
  return ids;
}

}  // namespace

Client::Client(Cluster& cluster, std::string identity, std::int32_t priority)
    : Node(cluster.network, std::move(identity)), cluster_(cluster), priority_(priority) {}

void Client::on_connected() {
  say(wire::ClientHeartbeat{});
  for (auto& [id, expected] : expected_) {
    if (expected.answers > 0 || expected.is_node) continue;
    ++expected.said;
    say_afresh(expected);
    if (expected.cancel_asked) say(wire::TaskCancel{id, true});
  }
  if (std::exchange(beating_, true)) return;
  beat_later();
}

void Client::beat_later() {
  after(2s, [this] {
    if (is_connected()) say(wire::ClientHeartbeat{});
    beat_later();
  });
}

wire::Task Client::new_task() {
  wire::Task task;
  task.id = network_.new_task_id();
  task.source = identity();
  task.metadata = wire::encode_task_flags({true, priority_, false});
  task.function = network_.new_object_id();
  while (network_.chance(40)) task.arguments.push_back(argument());
  if (network_.chance(20)) task.capabilities.push_back({"gpu", -1});
  if (network_.chance(50)) {
    task.carried.result_bytes_max = wire::copy_bytes_max;
    if (network_.chance(50)) task.carried.copies = {copy_of(task.function)};
  }
  ++cluster_.tasks_asked;
  return task;
}

// ---- objects ----

ObjectId Client::argument() {
  if (network_.chance(60)) return network_.new_object_id();
  if (!shared_) {
    shared_ = network_.new_object_id();
    announce({*shared_});
  }
  return *shared_;
}

void Client::announce(const std::vector<ObjectId>& ids) {
  say(wire::ObjectInstruction{wire::ObjectInstructionType::create, identity(), ids,
                              std::vector(ids.size(), wire::ObjectContentType::object),
                              std::vector(ids.size(), Bytes{})});
}

void Client::let_go(const std::vector<ObjectId>& ids) {
  say(wire::ObjectInstruction{wire::ObjectInstructionType::remove, identity(), ids, {}, {}});
}

// Its objects are announced before or after it, or never, and deleted at once, or never.
void Client::say_with_objects(wire::Message request) {
  std::vector<ObjectId> ids;
  if (const auto* task = std::get_if<wire::Task>(&request)) ids = objects_of(*task);
  if (const auto* graph = std::get_if<wire::GraphTask>(&request))
    for (const wire::Task& node : graph->nodes)
      for (const ObjectId& id : objects_of(node)) ids.push_back(id);
  const std::uint64_t way = network_.random.below(10);
  if (way < 8) announce(ids);
  say(std::move(request));
  if (way == 8) announce(ids);
  if (shared_ && network_.chance(30)) ids.push_back(*std::exchange(shared_, std::nullopt));
  std::erase_if(ids, [this](const ObjectId& id) { return shared_ && id == *shared_; });
  if (network_.chance(60)) let_go(ids);
}

// What it named is perhaps deleted by now.
void Client::say_afresh(Expected& expected) {
  if (auto* task = std::get_if<wire::Task>(&expected.request)) rename_objects(*task);
  if (auto* graph = std::get_if<wire::GraphTask>(&expected.request))
    for (wire::Task& node : graph->nodes) rename_objects(node);
  say_with_objects(expected.request);
}

void Client::rename_objects(wire::Task& task) {
  task.function = network_.new_object_id();
  if (!task.carried.copies.empty()) task.carried.copies = {copy_of(task.function)};
  for (auto& argument : task.arguments)
    if (std::holds_alternative<ObjectId>(argument)) argument = network_.new_object_id();
}

// ---- tasks ----

void Client::expect(const TaskId& id, wire::Message request, bool is_node, const TaskId& umbrella) {
  Expected expected;
  expected.request = std::move(request);
  expected.is_node = is_node;
  expected.umbrella = umbrella;
  expected_.emplace(id, std::move(expected));
  ++waiting_;
}

void Client::submit_some(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    auto task = new_task();
    expect(task.id, task, false, {});
    say_with_objects(std::move(task));
  }
}

void Client::submit_graph() {
  wire::GraphTask graph;
  graph.id = network_.new_task_id();
  graph.source = identity();
  if (network_.chance(50)) graph.carried.result_bytes_max = wire::copy_bytes_max;
  const bool is_chain = network_.chance(50);
  const std::uint64_t size = network_.random.below(is_chain ? 16 : 8);
  for (std::uint64_t i = 0; i < size; ++i) {
    auto node = new_task();
    node.carried = {};  // graphs carry nothing
    for (std::uint64_t input = 0; input < i; ++input)
      if (network_.chance(is_chain ? (input + 1 == i ? 95 : 5) : 30))
        node.arguments.push_back(graph.nodes[input].id);
    if (network_.chance(40)) graph.targets.push_back(node.id);
    expect(node.id, {}, true, graph.id);
    graph.nodes.push_back(std::move(node));
  }
  expect(graph.id, graph, false, {});
  say_with_objects(std::move(graph));
}

void Client::cancel_something() {
  for (auto& [id, expected] : expected_)
    if (expected.answers == 0 && network_.chance(30)) {
      (expected.is_node ? expected_.at(expected.umbrella) : expected).cancel_asked = true;
      return say(wire::TaskCancel{expected.is_node ? expected.umbrella : id, true});
    }
}

void Client::leave() {
  leaving_ = true;
  say(wire::ClientDisconnect{});
  after(5s, [this] { kill(); });
}

void Client::count_answer(Expected& expected) {
  if (expected.answers++ == 0) --waiting_;
}

void Client::on_message(wire::Message message) {
  if (auto* result = std::get_if<wire::TaskResult>(&message)) {
    check_copy(*result);
    if (network_.chance(70)) let_go(result->results);
    answered(result->id);
  }
  if (auto* confirm = std::get_if<wire::TaskCancelConfirm>(&message)) answered(confirm->id);
}

// Only who wants copies gets some, and each is of the right object.
void Client::check_copy(const wire::TaskResult& result) const {
  if (result.carried.copies.empty()) return;
  const auto found = expected_.find(result.id);
  SCALER_ASSERT(found != expected_.end(), "a result that nobody waits for");
  const auto& asked = found->second.is_node ? expected_.at(found->second.umbrella) : found->second;
  const auto* task = std::get_if<wire::Task>(&asked.request);
  const auto* graph = std::get_if<wire::GraphTask>(&asked.request);
  SCALER_ASSERT((task && task->carried.result_bytes_max > 0) ||
                    (graph && graph->carried.result_bytes_max > 0),
                "a copy that nobody asked for");
  SCALER_ASSERT(result.carried.copies[0] == copy_of(result.results.at(0)),
                "a copy of another object");
}

void Client::answered(const TaskId& id) {
  const auto found = expected_.find(id);
  SCALER_ASSERT(found != expected_.end(), "an answer that nobody waits for");
  Expected& expected = found->second;
  // A cancel that crosses with its task's end is answered too, with not found.
  if (expected.answers > 0 && expected.cancel_asked) return;
  count_answer(expected);
  if (std::holds_alternative<wire::GraphTask>(expected.request))
    for (auto& [node, of_node] : expected_)
      if (of_node.is_node && of_node.umbrella == id && of_node.answers == 0) {
        // Only a lost connection can have swallowed a node's own answer.
        SCALER_ASSERT(expected.said > 1, "an umbrella ends before one of its nodes");
        count_answer(of_node);
      }
  if (waiting_ == 0 && when_content) std::exchange(when_content, nullptr)();
}

void Client::check_answers() const {
  for (const auto& [id, expected] : expected_) {
    SCALER_ASSERT(expected.answers > 0, "a task never ended");
    const unsigned said = expected.is_node ? expected_.at(expected.umbrella).said : expected.said;
    SCALER_ASSERT(expected.answers <= said, "a task ended twice");
  }
}

}  // namespace scaler::sim
