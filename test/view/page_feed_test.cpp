#include "scaler/view/page_feed.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>

#include "scaler/http/json.hpp"
#include "view/page_support.hpp"

namespace scaler::view {

namespace {

using http::Json;
using test::moment;
using test::profiled;
using test::task;
using wire::TaskState;

Json parsed(const std::string& text) {
  auto json = Json::parse(text);
  INFO(text);
  REQUIRE(json);
  return std::move(*json);
}

// Any JSON, as text that two equal values share.
std::string text_of(const Json& json) {
  if (const auto* text = json.as_text()) return '"' + *text + '"';
  if (const auto number = json.as_number()) return std::to_string(*number);
  std::string all;
  if (const auto* list = json.as_list())
    for (const Json& one : *list) all += text_of(one) + ',';
  for (const auto& [key, value] : json.members()) all += key + ':' + text_of(value) + ';';
  return '(' + all + ')';
}

// What a page makes of the messages: the rules of docs/web-page.md and nothing else.
class Page {
 public:
  void apply(const std::string& message) {
    const Json json = parsed(message);
    if (json.text("type") == "full_state") *this = {};
    for (const char* key : {"workers", "worker_managers", "clients"}) apply_table(key, json);
    if (const Json* scheduler = json.find("scheduler")) {
      const Json* rows = scheduler->find("rows");
      merge(tables["scheduler"][""], rows ? (*rows->as_list())[0] : *scheduler);
    }
    if (const Json* names = json.find("names"))
      for (const auto& [table, list] : names->members())
        for (const Json& pair : *list.as_list())
          known_names[table][number(pair, 0)] = *(*pair.as_list())[1].as_text();
    if (const Json* list = json.find("tasks"))
      for (const Json& row : *list->as_list()) apply_task(row);
    if (const Json* points = json.find("chart"))
      for (const Json& point : *points->as_list()) chart.push_back(text_of(point));
    skipped += static_cast<std::size_t>(json.number("tasks_skipped").value_or(0));
  }

  bool operator==(const Page&) const = default;

  std::map<std::string, std::map<std::string, std::map<std::string, std::string>>> tables;
  std::map<std::string, std::map<long, std::string>> known_names;
  std::map<long, std::map<std::string, std::string>> tasks;
  std::vector<std::string> chart;
  std::size_t skipped = 0;

 private:
  static long number(const Json& row, std::size_t place) {
    return static_cast<long>((*row.as_list())[place].as_number().value_or(0));
  }
  static void merge(std::map<std::string, std::string>& row, const Json& changes) {
    for (const auto& [key, value] : changes.members()) row[key] = text_of(value);
  }
  void apply_table(const char* key, const Json& json) {
    const Json* changes = json.find(key);
    if (changes == nullptr) return;
    auto& table = tables[key];
    const Json* rows = changes->as_list() ? changes : changes->find("rows");
    if (rows)
      for (const Json& row : *rows->as_list()) merge(table[*row.text("id")], row);
    if (const Json* gone = changes->find("gone"))
      for (const Json& id : *gone->as_list()) table.erase(*id.as_text());
  }
  void apply_task(const Json& row) {
    auto& known = tasks[number(row, 0)];
    const auto& values = *row.as_list();
    REQUIRE((values.size() == 11 || (values.size() == 7 && !known.empty())));
    for (std::size_t i = 0; i < values.size(); ++i) known[std::to_string(i)] = text_of(values[i]);
    if (values.size() == 11)
      known["names"] =
          known_names["functions"][number(row, 8)] + known_names["capabilities"][number(row, 9)];
    known["worker"] = known_names["workers"][number(row, 1)];
  }
};

// Any life of a cluster, from one seed.
class Life {
 public:
  Life(PageFeed& feed, unsigned seed) : feed_(feed), random_(seed) {}

  void step(WallMs now) {
    switch (below(6)) {
      case 0:
        return say(scheduler_state(), now);
      case 1:
        return say(wire::StateWorker{Bytes::copy_of(name("w", 5)),
                                     below(2) ? wire::WorkerState::connected
                                              : wire::WorkerState::disconnected,
                                     {{name("cap", 3)}}},
                   now);
      default:
        auto said = task(below(40), static_cast<TaskState>(below(11)), name("w", 5), name("f", 4));
        if (below(2)) said = profiled(said, static_cast<float>(below(100)) / 10, below(1'000'000));
        if (below(2)) said.capabilities = {{name("cap", 3)}};
        return say(said, now);
    }
  }

 private:
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }
  std::string name(const char* kind, std::uint32_t most) {
    return kind + std::to_string(below(most)) + (below(9) == 0 ? "\xff\"<b>" : "");
  }
  wire::StateScheduler scheduler_state() {
    wire::StateScheduler state;
    state.objects = below(3);
    state.scheduler = {static_cast<std::uint16_t>(below(3)), below(3) * 1'000'000};
    state.tasks = {{TaskState::success, below(100)}};
    for (std::uint32_t i = below(4); i > 0; --i)
      state.workers.push_back(test::worker(name("w", 5), below(3)));
    for (const auto& worker : state.workers)
      if (below(2)) state.managed_workers.push_back({Bytes::copy_of("m"), {worker.worker}});
    if (below(2)) state.clients = {{Bytes::copy_of(name("c", 3)), below(5)}};
    return state;
  }
  void say(const wire::Message& message, WallMs now) { feed_.on_message(message, moment(now)); }

  PageFeed& feed_;
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("a snapshot is an earlier one and all that was told since", "[view]") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    PageFeed feed({.monitor_address = "tcp://a:1", .started = test::start});
    Life life(feed, seed);
    Page early;
    WallMs now = 0;
    for (int i = 0; i < 300; ++i) {
      now += 1 + seed;
      life.step(now);
      if (i % 7 != 0) continue;
      const auto delta = feed.take_delta(moment(now));
      if (i == 70) early.apply(feed.snapshot(moment(now)));
      if (i > 70 && delta) early.apply(*delta);
    }
    if (const auto delta = feed.take_delta(moment(now))) early.apply(*delta);
    Page late;
    late.apply(feed.snapshot(moment(now)));
    REQUIRE(early.skipped == 0);
    CHECK(early.tables == late.tables);
    CHECK(early.tasks == late.tasks);
    CHECK(early.chart == late.chart);
    for (const auto& [table, names] : late.known_names)  // the page may know names that went
      for (const auto& [number, name] : names) CHECK(early.known_names[table][number] == name);
  }
}

TEST_CASE("new tasks beyond a delta's limit are counted, and told when they change", "[view]") {
  PageFeed feed({.monitor_address = "a", .tasks_per_delta_max = 2, .started = test::start});
  for (std::uint32_t i = 0; i < 5; ++i) feed.on_message(task(i, TaskState::running), moment(10));
  Page page;
  page.apply(feed.take_delta(moment(20)).value());
  CHECK(page.skipped == 3);
  REQUIRE(page.tasks.size() == 2);
  CHECK(page.tasks.begin()->first == 3);  // the latest
  for (std::uint32_t i = 0; i < 5; ++i) feed.on_message(task(i, TaskState::success), moment(30));
  page.apply(feed.take_delta(moment(40)).value());
  CHECK(page.tasks.size() == 4);  // both that were told, and two of the others
}

TEST_CASE("silence is told once a second, and news at once", "[view]") {
  PageFeed feed({.monitor_address = "a", .started = test::start});
  CHECK(feed.take_delta(moment(5000)));  // the scheduler's card
  CHECK_FALSE(feed.take_delta(moment(5100)));
  CHECK_FALSE(feed.take_delta(moment(5900)));
  const auto quiet = feed.take_delta(moment(6000));
  REQUIRE(quiet);
  CHECK(quiet->size() < 60);
  feed.on_message(task(1, TaskState::running), moment(6010));
  CHECK(feed.take_delta(moment(6020)));
}

TEST_CASE("a row that changed tells what changed in it, and one that went its id", "[view]") {
  PageFeed feed({.monitor_address = "a", .started = test::start});
  wire::StateScheduler state;
  state.workers = {test::worker("w1"), test::worker("w2")};
  feed.on_message(state, moment(1000));
  feed.take_delta(moment(1000));
  state.workers = {test::worker("w1", 3)};
  feed.on_message(state, moment(2000));
  const Json delta = parsed(feed.take_delta(moment(2000)).value());
  const Json* workers = delta.find("workers");
  REQUIRE(workers);
  const Json& row = (*workers->find("rows")->as_list())[0];
  CHECK(row.text("id") == "w1");
  CHECK(row.number("sent") == 3);
  CHECK(row.find("name") == nullptr);
  CHECK(text_of(*workers->find("gone")) == "(\"w2\",)");
}

TEST_CASE("a snapshot has the keys that scripts for release 2.0.9 read", "[view]") {
  PageFeed feed({.monitor_address = "tcp://a:1", .started = test::start});
  wire::StateScheduler state;
  state.scheduler = {10, 40 << 20};
  state.rss_free_bytes = std::uint64_t{20} << 30;
  state.workers = {test::worker("Worker|FIX|123456789", 1)};
  state.managed_workers = {{Bytes::copy_of("pool"), {state.workers[0].worker}}};
  feed.on_message(state, moment(0));
  feed.on_message(profiled(task(1, TaskState::success, "Worker|FIX|123456789", "work"), 1.5F, 3000),
                  moment(2000));
  feed.take_delta(moment(2000));
  const Json all = parsed(feed.snapshot(moment(2000)));
  const Json& scheduler = *all.find("scheduler");
  CHECK(scheduler.text("cpu") == "1.0%");
  CHECK(scheduler.text("rss") == "40.0M");
  CHECK(scheduler.text("rss_free") == "20.0G");
  CHECK(scheduler.text("monitor_address") == "tcp://a:1");
  CHECK(scheduler.text("last_seen") == "2s");
  const Json& worker = (*all.find("workers")->as_list())[0];
  CHECK(worker.text("name") == "Worker|FIX|1234+");
  CHECK(worker.text("manager_id") == "pool");
  CHECK(worker.number("proc_cpu") == 10);
  CHECK(worker.number("proc_rss") == 5);
  CHECK(worker.text("capabilities") == "<unknown>");
  CHECK((*all.find("worker_managers")->as_list())[0].number("worker_count") == 1);
  CHECK((*all.find("processors")->as_list())[0].number("total_rss") == 5);
  const Json& entry = (*all.find("task_log")->as_list())[0];
  CHECK(entry.text("function") == "work");
  CHECK(entry.text("duration") == "1.50s");
  CHECK(entry.text("peak_mem") == "2K");
  CHECK(entry.text("status") == "success");
  CHECK(all.find("memory_chart")->find("points")->as_list()->size() == 2);
  CHECK(all.find("settings")->number("stream_window") == 5);
}

TEST_CASE("a peak is the most that a processor ever had", "[view]") {
  PageFeed feed({.monitor_address = "a", .started = test::start});
  wire::StateScheduler state;
  state.workers = {test::worker("w")};
  for (const std::uint64_t rss : {5'000'000, 9'000'000, 2'000'000}) {
    state.workers[0].processors[0].resource.rss_bytes = rss;
    feed.on_message(state, moment(0));
  }
  feed.take_delta(moment(0));
  CHECK(feed.snapshot(moment(0)).find("\"processors\":[[7,1,0,0,100,2000000,9000000]]") !=
        std::string::npos);
}

TEST_CASE("a long name is the same wherever it stands", "[view]") {
  PageFeed feed({.monitor_address = "a", .started = test::start});
  const std::string name(1000, 'x');
  wire::StateScheduler state;
  state.workers = {test::worker(name)};
  feed.on_message(state, moment(0));
  feed.on_message(task(1, TaskState::running, name), moment(0));
  Page page;
  page.apply(feed.take_delta(moment(0)).value());
  CHECK(page.tables["workers"].begin()->first == page.tasks[0]["worker"]);
  CHECK(page.tasks[0]["worker"].size() == NameTable::name_bytes_max);
}

TEST_CASE("hostile names are text in JSON and in metrics", "[view]") {
  PageFeed feed({.monitor_address = "a", .started = test::start});
  const std::string evil = "</script>\"\\\n\x1b[2J\xff\xe2\x80\xae";
  wire::StateScheduler state;
  state.workers = {test::worker(evil)};
  state.clients = {{Bytes::copy_of(evil), 1}};
  state.received = {{evil, 1}};
  state.managed_workers = {{Bytes::copy_of(evil), {state.workers[0].worker}}};
  feed.on_message(state, moment(0));
  feed.on_message(task(1, TaskState::running, evil, evil), moment(0));
  const std::string delta = feed.take_delta(moment(0)).value();
  const std::string safe = "</script>\"\\\xef\xbf\xbd\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd";
  for (const std::string& text : {delta, feed.snapshot(moment(0))}) {
    parsed(text);
    CHECK(text.find_first_of("\n\x1b\xff") == std::string::npos);
  }
  Page page;
  page.apply(delta);
  CHECK(page.tables["workers"].begin()->first == safe);
  const std::string metrics = feed.metrics(moment(0));
  CHECK(metrics.find("kind=\"</script>\\\"\\\\") != std::string::npos);
}

TEST_CASE("metrics follow the state, and say when the scheduler is silent", "[view]") {
  PageFeed feed({.monitor_address = "a", .started = test::start});
  CHECK(feed.metrics(moment(0)).find("scaler_up 0\n") != std::string::npos);
  CHECK_FALSE(feed.is_fresh(moment(0)));
  wire::StateScheduler state;
  state.tasks = {{TaskState::success, 7}, {TaskState::running, 2}};
  state.workers = {test::worker("w", 2)};
  feed.on_message(state, moment(1000));
  const std::string metrics = feed.metrics(moment(2000));
  for (const char* line :
       {"scaler_up 1\n", "scaler_state_age_seconds 1.000\n", "scaler_tasks{state=\"success\"} 7\n",
        "# TYPE scaler_tasks gauge\n", "scaler_workers 1\n", "scaler_worker_tasks_sent 2\n"})
    CHECK(metrics.find(line) != std::string::npos);
  CHECK(feed.is_fresh(moment(6000)));
  CHECK_FALSE(feed.is_fresh(moment(6001)));
}

}  // namespace scaler::view
