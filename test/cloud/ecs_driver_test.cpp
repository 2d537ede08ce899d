#include "scaler/cloud/ecs_driver.hpp"

#include <catch2/catch.hpp>
#include <deque>

namespace scaler::cloud {

namespace {

EcsOptions options() {
  EcsOptions options;
  options.cluster = "c";
  options.definition = "d";
  options.image = "image:1";
  options.cpus = 2;
  options.memory_gb = 4;
  options.subnets = {"s-1", "s-2"};
  options.owner = "scaler/wm/00";
  options.manager_id = "wm";
  options.requirements = "a;b";
  options.python_version = "3.11";
  options.command = [](const UnitPlan& unit) { return "run \"" + unit.name + "\""; };
  return options;
}

// One line per event: "ready 2", "found a 2", "accepted a", "refused a why", "runs a",
// "ended a well why", "swept left".
std::string to_line(const CloudEvent& event) {
  struct Lines {
    std::string operator()(const Ready& e) const {
      return "ready " + std::to_string(e.workers_per_unit);
    }
    std::string operator()(const SetUpFailed& e) const { return "failed " + e.why; }
    std::string operator()(const UnitFound& e) const {
      return "found " + e.unit.name + " " + std::to_string(e.unit.workers);
    }
    std::string operator()(const UnitAccepted& e) const { return "accepted " + e.name; }
    std::string operator()(const UnitRefused& e) const { return "refused " + e.name + " " + e.why; }
    std::string operator()(const UnitRuns& e) const { return "runs " + e.name; }
    std::string operator()(const UnitEnded& e) const {
      return "ended " + e.name + (e.well ? " well " : " badly ") + e.why;
    }
    std::string operator()(const Swept& e) const {
      std::string line = "swept";
      for (const std::string& name : e.left) line += " " + name;
      return line;
    }
  };
  return std::visit(Lines{}, event);
}

struct DriverEnv {
  explicit DriverEnv(EcsOptions given = options())
      : driver(std::move(given), [this](ApiCall call) {
          calls.push_back(std::move(call));
          return ++last_ticket;
        }) {}

  // The oldest call that is not answered; its operation is checked.
  std::string asked(const std::string& operation) {
    REQUIRE(!calls.empty());
    CHECK(calls.front().operation == operation);
    return calls.front().body;
  }
  std::string answer(const std::string& operation, std::string body) {
    const std::string said = asked(operation);
    calls.pop_front();
    driver.on_outcome({last_ticket - calls.size(), std::move(body)}, now);
    return said;
  }
  void refuse(const std::string& operation, std::string code) {
    asked(operation);
    calls.pop_front();
    driver.on_outcome({last_ticket - calls.size(), ApiFailure{true, code, "no: " + code}}, now);
  }
  std::vector<std::string> events() {
    std::vector<std::string> lines;
    for (const CloudEvent& event : driver.take_events()) lines.push_back(to_line(event));
    return lines;
  }
  // With a cluster and a definition that are there, and no tasks.
  void set_up(const std::string& definition = "\"cpu\": \"2048\", \"memory\": \"4096\"") {
    driver.begin(now);
    answer("DescribeClusters", R"({"clusters": [{"status": "ACTIVE"}]})");
    answer("DescribeTaskDefinition",
           R"({"taskDefinition": {"taskDefinitionArn": "d:7", "containerDefinitions": )"
           R"([{"name": "box", "image": "image:1"}], )" +
               definition + "}}");
  }
  void set_up_and_look() {
    set_up();
    answer("ListTasks", R"({"taskArns": []})");
    CHECK(events() == std::vector<std::string>{"ready 2"});
  }
  void run(const std::string& name, const std::string& arn) {
    driver.start_unit({name, 2}, now);
    answer("RunTask", R"({"tasks": [{"taskArn": ")" + arn + "\"}]}");
    CHECK(events() == std::vector<std::string>{"accepted " + name});
  }
  void look(const std::string& list) {
    REQUIRE(driver.next_deadline());
    now = std::max(now, *driver.next_deadline());
    driver.on_deadline(now);
    answer("ListTasks", list);
  }

  TimePoint now{};
  std::deque<ApiCall> calls;  // answered in order
  Ticket last_ticket = 0;
  EcsDriver driver;
};

std::string shown(const std::string& arn, const std::string& status, const std::string& unit,
                  const std::string& more = "") {
  return R"({"tasks": [{"taskArn": ")" + arn + R"(", "lastStatus": ")" + status +
         R"(", "desiredStatus": "RUNNING", "startedBy": "scaler/wm/00", "overrides": )"
         R"({"containerOverrides": [{"environment": [{"name": "SCALER_UNIT", "value": ")" +
         unit + "\"}]}]}" + more + "}]}";
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("what is there is used as it is", "[cloud]") {
  DriverEnv env;
  env.set_up("\"cpu\": \"8192\", \"memory\": \"1\"");
  CHECK_THAT(env.answer("ListTasks", "{}"), Catch::Contains(R"("startedBy":"scaler/wm/00")"));
  CHECK(env.events() == Lines{"ready 8"});
  env.driver.start_unit({"a", 8}, env.now);
  const std::string said = env.asked("RunTask");
  const auto json = http::Json::parse(said);
  REQUIRE(json);
  CHECK(json->text("taskDefinition") == "d:7");
  CHECK(json->text("startedBy") == "scaler/wm/00");
  CHECK_THAT(said, Catch::Contains(R"("name":"box")"));
  CHECK_THAT(said, Catch::Contains(R"("value":"run \"a\"")"));
  CHECK_THAT(said, Catch::Contains(R"("value":"a\u000ab")"));
  CHECK_THAT(said, Catch::Contains(R"("value":"a:8")"));
  CHECK_THAT(said, Catch::Contains(R"("subnets":["s-1","s-2"],"assignPublicIp")"));
}

TEST_CASE("what is not there is made, the role too", "[cloud]") {
  EcsOptions wanted = options();
  DriverEnv env(wanted);
  env.driver.begin(env.now);
  env.answer("DescribeClusters", R"({"clusters": [{"status": "INACTIVE"}]})");
  CHECK(env.answer("CreateCluster", "{}") == R"({"clusterName":"c"})");
  env.refuse("DescribeTaskDefinition", "ClientException");
  env.refuse("GetRole", "NoSuchEntity");
  CHECK_THAT(env.answer("CreateRole",
                        "<R><CreateRoleResult><Role><Arn>r:1</Arn></Role>"
                        "</CreateRoleResult></R>"),
             Catch::Contains("RoleName=ecsTaskExecutionRole"));
  CHECK_THAT(env.answer("AttachRolePolicy", "<R/>"),
             Catch::Contains("AmazonECSTaskExecutionRolePolicy"));
  const auto said = http::Json::parse(
      env.answer("RegisterTaskDefinition", R"({"taskDefinition": {"taskDefinitionArn": "d:1"}})"));
  REQUIRE(said);
  CHECK(said->text("cpu") == "2048");
  CHECK(said->text("memory") == "4096");
  CHECK(said->text("executionRoleArn") == "r:1");
  env.answer("ListTasks", "{}");
  CHECK(env.events() == Lines{"ready 2"});
}

TEST_CASE("a definition with another image than was asked for gets a new revision", "[cloud]") {
  EcsOptions wanted = options();
  wanted.image = "image:2";
  wanted.insists_on_image = true;
  DriverEnv env(wanted);
  env.set_up(R"("cpu": "1024", "memory": "2048", "executionRoleArn": "own", "taskRoleArn": "t")");
  const std::string said =
      env.answer("RegisterTaskDefinition", R"({"taskDefinition": {"taskDefinitionArn": "d:8"}})");
  for (const char* part : {R"("image":"image:2")", R"("cpu":"1024")", R"("memory":"2048")",
                           R"("executionRoleArn":"own","taskRoleArn":"t")"})
    CHECK_THAT(said, Catch::Contains(part));
}

TEST_CASE("another size than was asked for is a new revision too", "[cloud]") {
  EcsOptions wanted = options();
  wanted.insists_on_size = true;
  DriverEnv env(wanted);
  env.set_up(R"("cpu": "1024", "memory": "2048")");
  env.answer("GetRole", "<R><GetRoleResult><Role><Arn>r</Arn></Role></GetRoleResult></R>");
  CHECK_THAT(env.asked("RegisterTaskDefinition"), Catch::Contains(R"("cpu":"2048")"));
}

TEST_CASE("a refusal ends the set-up with its reason", "[cloud]") {
  DriverEnv env;
  env.driver.begin(env.now);
  env.refuse("DescribeClusters", "AccessDeniedException");
  CHECK(env.events() == Lines{"failed no: AccessDeniedException"});
  DriverEnv other;
  other.set_up();
  other.refuse("ListTasks", "AccessDeniedException");
  CHECK(other.events() == Lines{"failed no: AccessDeniedException"});
}

TEST_CASE("answers that make no sense end the set-up too", "[cloud]") {
  for (const char* body : {"", "[]", "{}", R"({"taskDefinition": 3})"}) {
    DriverEnv env;
    env.driver.begin(env.now);
    env.answer("DescribeClusters", R"({"clusters": [{"status": "ACTIVE"}]})");
    env.answer("DescribeTaskDefinition", body);
    CHECK(env.events().size() == 1);
  }
}

TEST_CASE("tasks of before are found at the start", "[cloud]") {
  DriverEnv env;
  env.set_up();
  env.answer("ListTasks", R"({"taskArns": ["t/1"], "nextToken": "more"})");
  CHECK_THAT(env.answer("ListTasks", R"({"taskArns": ["t/2"]})"),
             Catch::Contains(R"("nextToken":"more")"));
  CHECK_THAT(env.answer("DescribeTasks", shown("t/1", "RUNNING", "abc:3")),
             Catch::Contains(R"(["t/1","t/2"])"));
  CHECK(env.events() == Lines{"found abc 3", "runs abc", "ready 2"});
  env.driver.stop_unit("abc", env.now);
  CHECK_THAT(env.answer("StopTask", "{}"), Catch::Contains(R"("task":"t/1")"));
  CHECK(env.events() == Lines{"ended abc well "});
}

TEST_CASE("tasks that bear another's mark are left alone", "[cloud]") {
  DriverEnv env;
  env.set_up();
  env.answer("ListTasks", R"({"taskArns": ["t/1"]})");
  env.answer("DescribeTasks", R"({"tasks": [{"taskArn": "t/1", "lastStatus": "RUNNING",
      "startedBy": "scaler/other"}]})");
  CHECK(env.events() == Lines{"ready 2"});
}

TEST_CASE("a unit's way is told: accepted, running, ended", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.run("a", "t/1");
  CHECK(*env.driver.next_deadline() - env.now == 5s);
  env.look(R"({"taskArns": []})");  // lists lag behind
  env.answer("DescribeTasks", shown("t/1", "RUNNING", "a:2"));
  CHECK(env.events() == Lines{"runs a"});
  CHECK(*env.driver.next_deadline() - env.now == 15s);
  env.look(R"({"taskArns": ["t/1"]})");
  env.answer("DescribeTasks",
             shown("t/1", "STOPPED", "a:2",
                   R"(, "stoppedReason": "gone", "containers": [{"exitCode": 3, "reason": "x"}])"));
  CHECK(env.events() == Lines{"ended a badly gone, x, exit code 3"});
}

TEST_CASE("a refused unit costs nothing, and its reason is told", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.driver.start_unit({"a", 2}, env.now);
  env.answer("RunTask", R"({"tasks": [], "failures": [{"reason": "no capacity"}]})");
  CHECK(env.events() == Lines{"refused a ECS RunTask: no capacity"});
  env.driver.start_unit({"a", 2}, env.now);
  env.refuse("RunTask", "InvalidParameterException");
  CHECK(env.events() == Lines{"refused a no: InvalidParameterException"});
  CHECK(env.calls.empty());
}

TEST_CASE("a start has the same token again unless it was refused", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  const auto start = [&] {
    env.driver.start_unit({"a", 2}, env.now);
    const auto said = http::Json::parse(env.asked("RunTask"));
    return said->text("clientToken").value_or("");
  };
  CHECK(start() == "scaler-a-0");
  env.calls.pop_front();
  env.driver.on_outcome({env.last_ticket, ApiFailure{false, "", "no answer"}}, env.now);
  CHECK(start() == "scaler-a-0");
  env.refuse("RunTask", "ClientException");
  CHECK(start() == "scaler-a-1");
  env.answer("RunTask", R"({"failures": [{"reason": "no capacity"}]})");
  CHECK(start() == "scaler-a-2");
}

TEST_CASE("a unit that is stopped before its start was answered is stopped then", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.driver.start_unit({"a", 2}, env.now);
  env.driver.stop_unit("a", env.now);
  CHECK(env.calls.size() == 1);
  env.answer("RunTask", R"({"tasks": [{"taskArn": "t/1"}]})");
  env.answer("StopTask", "{}");
  CHECK(env.events() == Lines{"ended a well "});
}

TEST_CASE("a task whose start was not answered is met by its name", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.driver.start_unit({"a", 2}, env.now);
  const ApiCall unanswered = env.calls.front();
  const Ticket ticket = env.last_ticket;
  env.calls.pop_front();
  env.look(R"({"taskArns": ["t/1"]})");
  env.answer("DescribeTasks", shown("t/1", "PENDING", "a:2"));
  CHECK(env.events() == Lines{"accepted a"});
  env.driver.on_outcome({ticket, ApiFailure{false, "", "no answer"}}, env.now);
  CHECK(env.events().empty());
}

TEST_CASE("a task that its service forgets has ended, after a while", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.run("a", "t/1");
  const std::string missing = R"({"failures": [{"arn": "t/1", "reason": "MISSING"}]})";
  env.look("{}");
  env.answer("DescribeTasks", missing);
  CHECK(env.events().empty());
  env.now += 60s;
  env.look("{}");
  env.answer("DescribeTasks", missing);
  CHECK(env.events() == Lines{"ended a badly ECS does not know it any more"});
}

TEST_CASE("a look that fails is made again later", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.now = *env.driver.next_deadline();
  env.driver.on_deadline(env.now);
  env.refuse("ListTasks", "AccessDeniedException");
  CHECK(env.events().empty());
  CHECK(*env.driver.next_deadline() - env.now == 15s);
}

TEST_CASE("the end stops all, and looks for what nobody knew of", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.run("a", "t/1");
  env.driver.start_unit({"b", 2}, env.now);
  env.driver.finish(env.now);
  env.answer("RunTask", R"({"tasks": [{"taskArn": "t/2"}]})");
  CHECK_THAT(env.answer("StopTask", "{}"), Catch::Contains("t/1"));
  CHECK_THAT(env.answer("StopTask", "{}"), Catch::Contains("t/2"));
  env.answer("ListTasks", R"({"taskArns": ["t/3"]})");
  env.answer("DescribeTasks", shown("t/3", "RUNNING", "c:2"));
  CHECK_THAT(env.answer("StopTask", "{}"), Catch::Contains("t/3"));
  CHECK(env.events() == Lines{"ended a well ", "ended b well ", "ended c well ", "swept"});
}

TEST_CASE("what cannot be stopped is named at the end", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.run("a", "t/1");
  env.driver.finish(env.now);
  env.refuse("StopTask", "AccessDeniedException");
  env.answer("ListTasks", "{}");
  CHECK(env.events() == Lines{"ended a badly no: AccessDeniedException", "swept t/1"});
}

TEST_CASE("a task that is gone already counts as stopped", "[cloud]") {
  DriverEnv env;
  env.set_up_and_look();
  env.run("a", "t/1");
  env.driver.stop_unit("a", env.now);
  env.refuse("StopTask", "InvalidParameterException");
  CHECK(env.events() == Lines{"ended a well "});
}

TEST_CASE("an end before the set-up is done is at once", "[cloud]") {
  DriverEnv env;
  env.driver.begin(env.now);
  env.driver.finish(env.now);
  CHECK(env.events() == Lines{"swept"});
  env.answer("DescribeClusters", "{}");
  CHECK(env.calls.empty());
}

TEST_CASE("marks differ where managers do, and are what startedBy takes", "[cloud]") {
  const std::string mark = owner_mark("wm|x y", "tcp://a:1");
  CHECK_THAT(mark, Catch::StartsWith("scaler/wm_x_y/"));
  CHECK(mark == owner_mark("wm|x y", "tcp://a:1"));
  CHECK(mark != owner_mark("wm|x y", "tcp://b:1"));
  CHECK(mark != owner_mark("wm x y", "tcp://a:1"));
  CHECK(owner_mark(std::string(500, 'a'), "").size() <= 128);
}

TEST_CASE("requirements may be joined by semicolons, markers keep theirs", "[cloud]") {
  CHECK(requirement_lines("tomli;pargraph; pandas") == "tomli\npargraph\npandas");
  CHECK(requirement_lines("a; python_version < \"3.9\";b") == "a; python_version < \"3.9\"\nb");
  CHECK(requirement_lines("a\nb==1;\n;c") == "a\nb==1\nc");
  CHECK(requirement_lines("").empty());
}

}  // namespace scaler::cloud
