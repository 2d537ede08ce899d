#include <catch2/catch.hpp>

#include "scaler/view/formats.hpp"
#include "view/sample_cluster.hpp"
#include "view/sample_pictures.hpp"
#include "view/terminal_text.hpp"

// What is on the screen, at several sizes.
namespace scaler::view {
namespace {

Frame draw(TerminalSize size, std::string_view keys = "") {
  TopScreen screen;
  const Heard heard = sample_heard();
  screen.on_heard(heard, TimePoint{});
  for (const char letter : keys) screen.on_key({KeyKind::text, letter}, heard, TimePoint{});
  return screen.draw(size, TimePoint{}, "");
}

bool fits(const Frame& frame, TerminalSize size) {
  if (frame.size() > size.rows) return false;
  for (const Line& line : frame)
    if (columns_of(line.text) > size.columns) return false;
  return true;
}

}  // namespace

TEST_CASE("the picture shows everything, with whole names, where there is room", "[view]") {
  REQUIRE("\n" + text_of(draw({190, 45})) == picture_190x45);
}

TEST_CASE("the picture of a usual window leaves out what comes last, and cuts names", "[view]") {
  REQUIRE("\n" + text_of(draw({120, 40})) == picture_120x40);
}

TEST_CASE("the picture of a small window keeps the columns that matter", "[view]") {
  REQUIRE("\n" + text_of(draw({80, 24})) == picture_80x24);
}

TEST_CASE("the picture of a tiny window still names workers and counts tasks", "[view]") {
  REQUIRE("\n" + text_of(draw({40, 10})) == picture_40x10);
}

TEST_CASE("managers, and clients with functions, have listings of their own", "[view]") {
  REQUIRE("\n" + text_of(draw({120, 22}, "2")) == picture_of_managers);
  REQUIRE("\n" + text_of(draw({120, 22}, "3")) == picture_of_clients);
}

TEST_CASE("a picture for a pipe has every row and column, and no keys", "[view]") {
  REQUIRE("\n" + picture_text(sample_heard(), 1000) == picture_for_a_pipe);
}

TEST_CASE("a picture fits every size, down to nothing", "[view]") {
  for (const std::string_view keys : {"", "2", "3", "?", "/x"})
    for (std::size_t columns = 0; columns < 200; columns += columns < 60 ? 1 : 7)
      for (std::size_t rows = 0; rows < 50; rows += rows < 20 ? 1 : 7) {
        INFO(columns << "x" << rows << " " << keys);
        REQUIRE(fits(draw({columns, rows}, keys), {columns, rows}));
      }
}

TEST_CASE("a scheduler without workers, and a state without anything, have pictures", "[view]") {
  TopScreen screen;
  Heard heard;
  heard.on_message(wire::StateScheduler{}, TimePoint{});
  screen.on_heard(heard, TimePoint{});
  const std::string text = text_of(screen.draw({80, 24}, TimePoint{}, ""));
  REQUIRE(text.find("Total 0 manager(s) with 0 worker(s)\nNo workers | client_manager tasks\n") !=
          std::string::npos);
}

TEST_CASE("names cannot steer the terminal, whatever their bytes", "[view]") {
  wire::StateScheduler state = sample_state();
  const std::string evil = "\x1b]0;owned\x07\x9b\xc2\x9b\r\n\xff\u202e|\xe4\xb8";
  state.workers[0].worker = text_bytes(evil);
  state.workers[0].itl = evil;
  state.clients[0].client = text_bytes(evil);
  state.managers[0].manager_id = text_bytes(evil);
  state.managers[0].capabilities = evil;
  state.sent[0].kind = evil;
  state.managed_workers.push_back({text_bytes(evil), {text_bytes(evil)}});
  Heard heard;
  heard.on_message(state, TimePoint{});
  heard.on_message(sample_end(evil, wire::TaskState::success, 0), TimePoint{});
  for (const std::string_view keys : {"", "2", "3", "/\x1b\x9b"})
    for (const std::size_t columns : {300, 120, 40}) {
      TopScreen screen;
      screen.on_heard(heard, TimePoint{});
      for (const char letter : keys) screen.on_key({KeyKind::text, letter}, heard, TimePoint{});
      for (const Line& line : screen.draw({columns, 50}, TimePoint{}, evil)) {
        REQUIRE(display_text(line.text) == line.text);
        REQUIRE(columns_of(line.text) <= columns);
      }
    }
  REQUIRE(picture_json(heard.cluster).find('\x1b') == std::string::npos);
}

TEST_CASE("the JSON of a state holds names and numbers as they are", "[view]") {
  wire::StateScheduler state;
  auto worker = sample_worker("W\"|\x01", 3);
  state.workers = {worker};
  state.tasks = {{wire::TaskState::success, 5}};
  state.sent = {{"Ta\"sk", 7}};
  Heard heard;
  heard.on_message(wire::StateWorker{worker.worker, wire::WorkerState::connected, {{"gpu", 1}}},
                   TimePoint{});
  heard.on_message(state, TimePoint{});
  REQUIRE(picture_json(heard.cluster) ==
          R"({"scheduler":{"cpu_permille":0,"rss_bytes":0},"memory_available_bytes":0,)"
          R"("objects":0,"tasks":{"success":5},"sent":{"Ta\"sk":7},"received":{},"clients":[],)"
          "\"workers\":[{\"id\":\"W\\\"|\ufffd\""
          R"(,"worker_manager_id":"","tasks":3,"queued":1,"free":997,"processors":[{"pid":103,)"
          R"("initialized":true,"has_task":true,"suspended":false,"cpu_permille":750,)"
          R"("rss_bytes":90000000}],"suspended":0,"latency_us":1290,"last_seen_seconds":3,)"
          R"("agent":{"cpu_permille":3,"rss_bytes":43000000},)"
          R"("processor":{"cpu_permille":750,"rss_bytes":90000000},)"
          R"("memory_available_bytes":22226455757,"itl":"110","capabilities":["gpu"]}],)"
          R"("worker_managers":[{"id":"","workers":1}]})"
          "\n");
}

}  // namespace scaler::view
