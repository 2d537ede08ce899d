#include <catch2/catch.hpp>

#include "scaler/wire/codec.hpp"
#include "wire/samples.hpp"

namespace scaler::wire {
namespace {

void require_same_after_round_trip(const Message& message) {
  INFO(kind_name(message));
  const Result<Message> again = decode(encode(message), dialect_of(message));
  REQUIRE((again ? "" : again.error().text) == "");
  REQUIRE(*again == message);
}

}  // namespace

TEST_CASE("every kind of message with all fields set survives the wire", "[wire]") {
  for (const Message& sample : full_samples()) require_same_after_round_trip(sample);
}

TEST_CASE("the samples hold every kind", "[wire]") {
  std::vector<bool> seen(std::variant_size_v<Message>);
  for (const Message& sample : full_samples()) seen[sample.index()] = true;
  REQUIRE(std::count(seen.begin(), seen.end(), false) == 0);
}

TEST_CASE("every kind of message with nothing set survives the wire", "[wire]") {
  for (const Message& sample : default_samples()) require_same_after_round_trip(sample);
}

TEST_CASE("texts and blobs of every length around a word survive the wire", "[wire]") {
  for (std::size_t length = 0; length <= 24; ++length) {
    const std::string filling(length, 'x');
    require_same_after_round_trip(TaskLog{.id = {}, .content = filling});
    require_same_after_round_trip(InformationRequest{.request = Bytes::copy_of(filling)});
  }
}

TEST_CASE("a text keeps bytes that are no UTF-8 and zeros in its middle", "[wire]") {
  const std::string odd("\xff\xfe\0\xc3", 4);
  require_same_after_round_trip(TaskLog{.id = {}, .content = odd});
}

TEST_CASE("lists of enums of every length around a word survive the wire", "[wire]") {
  for (std::size_t length = 0; length <= 9; ++length) {
    ObjectInstruction instruction;
    instruction.ids.assign(length, id_from<ObjectId>(1));
    instruction.types.assign(length, ObjectContentType::object);
    instruction.names.assign(length, Bytes::copy_of("name"));
    require_same_after_round_trip(instruction);
  }
}

TEST_CASE("blobs of a decoded message lie in its frame", "[wire]") {
  const Bytes frame = encode(full_task());
  const Result<Message> message = decode(frame);
  const Bytes& source = std::get<Task>(*message).source;
  REQUIRE(source.data() > frame.data());
  REQUIRE(source.data() + source.size() <= frame.data() + frame.size());
}

TEST_CASE("a blob outlives its frame and its message", "[wire]") {
  Bytes source;
  {
    Result<Message> message = decode(encode(full_task()));
    source = std::get<Task>(*message).source;
  }
  REQUIRE(source.text() == "Client|0123");
}

TEST_CASE("a frame that starts at an odd address decodes", "[wire]") {
  const Bytes frame = encode(full_task());
  Buffer shifted(frame.size() + 1);
  shifted.append(as_bytes("x"));
  shifted.append(frame);
  const Bytes odd = std::move(shifted).freeze().slice(1, frame.size());
  const Result<Message> message = decode(odd);
  REQUIRE(message);
  REQUIRE(*message == Message(full_task()));
}

TEST_CASE("an instruction of a million objects survives the wire", "[wire]") {
  ObjectInstruction instruction;
  instruction.user = Bytes::copy_of("Client|0123");
  instruction.ids.assign(1'000'000, id_from<ObjectId>(1));
  instruction.types.assign(1'000'000, ObjectContentType::object);
  instruction.names.assign(1'000'000,
                           Bytes::copy_of("<obj ObjectID(owner_hash=..., object_tag=...)>"));
  const Bytes frame = encode(instruction);
  REQUIRE(frame.size() > 64 << 20);  // above the library's own traversal limit
  const Result<Message> message = decode(frame);
  REQUIRE(message);
  REQUIRE(std::get<ObjectInstruction>(*message) == instruction);
}

TEST_CASE("a create is cut to the shortest of its lists, a delete is not", "[wire]") {
  ObjectInstruction instruction;
  instruction.ids.assign(3, id_from<ObjectId>(1));
  instruction.types.assign(2, ObjectContentType::object);
  instruction.names.assign(3, Bytes::copy_of("name"));
  Result<Message> created = decode(encode(instruction));
  REQUIRE(created);
  const auto& create = std::get<ObjectInstruction>(*created);
  REQUIRE(create.ids.size() == 2);
  REQUIRE(create.types.size() == 2);
  REQUIRE(create.names.size() == 2);

  instruction.type = ObjectInstructionType::remove;
  instruction.types.clear();
  Result<Message> removed = decode(encode(instruction));
  REQUIRE(removed);
  REQUIRE(std::get<ObjectInstruction>(*removed).ids.size() == 3);
}

TEST_CASE("the two layouts of a manager's command share pointer zero", "[wire]") {
  WorkerManagerCommand shutdown;
  shutdown.type = ManagerCommandType::shutdown_workers;
  shutdown.worker_ids = {Bytes()};
  const Result<Message> misread = decode(encode(shutdown), ManagerDialect::v2_6);
  REQUIRE(misread);  // one id is read as one wish for no worker
  REQUIRE(std::get<WorkerManagerCommand>(*misread).desired ==
          std::vector<DesiredTaskConcurrency>{{0, {}}});

  WorkerManagerCommand wish;
  wish.dialect = ManagerDialect::v2_6;
  const Result<Message> start = decode(encode(wish), ManagerDialect::v2_2);
  REQUIRE(start);  // nothing wished for is read as "start a worker": the trap that dialects are for
  REQUIRE(std::get<WorkerManagerCommand>(*start).type == ManagerCommandType::start_workers);
}

TEST_CASE("one question to a manager is harmless in either layout", "[wire]") {
  WorkerManagerCommand probe;
  probe.type = ManagerCommandType::shutdown_workers;
  probe.desired = {{3, {}}};
  const Bytes frame = encode(probe);
  for (const ManagerDialect old : {ManagerDialect::v2_0, ManagerDialect::v2_2}) {
    const Result<Message> message = decode(frame, old);
    REQUIRE(message);
    const auto& shutdown = std::get<WorkerManagerCommand>(*message);
    REQUIRE(shutdown.type == ManagerCommandType::shutdown_workers);
    REQUIRE(shutdown.worker_ids == std::vector<Bytes>{Bytes()});
  }
  const Result<Message> message = decode(frame, ManagerDialect::v2_6);
  REQUIRE(message);
  REQUIRE(std::get<WorkerManagerCommand>(*message).desired == probe.desired);
}

TEST_CASE("a command of any type keeps its list of wishes", "[wire]") {
  WorkerManagerCommand command;
  command.dialect = ManagerDialect::v2_2;
  command.desired = {{4, {}}};
  require_same_after_round_trip(command);
}

TEST_CASE("a command that 2.0 does not know is refused in its dialect", "[wire]") {
  WorkerManagerCommand desire;
  desire.dialect = ManagerDialect::v2_2;
  desire.type = ManagerCommandType::set_desired_task_concurrency;
  const Bytes frame = encode(desire);
  REQUIRE(decode(frame, ManagerDialect::v2_2));
  REQUIRE(decode(frame, ManagerDialect::v2_0).error().text ==
          "WorkerManagerCommand.command: unknown value 2");
}

TEST_CASE("a manager tells the release of a command by its layout", "[wire]") {
  for (const ManagerDialect dialect :
       {ManagerDialect::v2_0, ManagerDialect::v2_2, ManagerDialect::v2_6}) {
    WorkerManagerCommand command;
    command.dialect = dialect;
    if (dialect == ManagerDialect::v2_6)
      command.type = ManagerCommandType::set_desired_task_concurrency;
    const Result<Message> read = decode_for_manager(encode(command));
    REQUIRE(read);
    const auto& found = std::get<WorkerManagerCommand>(*read);
    REQUIRE(found.type == command.type);
    // What is said to 2.0 is written so that 2.2 reads it too.
    REQUIRE((found.dialect == ManagerDialect::v2_6) == (dialect == ManagerDialect::v2_6));
  }
  REQUIRE(decode_for_manager(encode(WorkerManagerHeartbeatEcho{})));
}

TEST_CASE("a command without a body is no command", "[wire]") {
  WorkerManagerCommand command;
  const Bytes frame = encode(command);
  std::vector<std::byte> bytes(frame.data(), frame.data() + frame.size());
  store_le64(bytes.data() + 24, 0);  // the root's only pointer
  REQUIRE_FALSE(decode_for_manager(Bytes::copy_of(ByteView(bytes))));
}

}  // namespace scaler::wire
