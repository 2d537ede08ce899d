#include "embed/cpython/interpreter.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <thread>

#include "embed/carried/carried.hpp"
#include "embed/cpython/gil.hpp"
#include "embed/cpython/object.hpp"

namespace scaler::embed {
namespace {

using Catch::Matchers::Contains;

// CPython starts once per process, so all tests here share it.
Interpreter& interpreter() {
  static Interpreter* const running = [] {
    const char* environment = std::getenv("SCALER_TEST_VENV");
    auto started = Interpreter::start({environment == nullptr ? "" : environment});
    REQUIRE(started);
    return new Interpreter(std::move(*started));
  }();
  return *running;
}

Result<Object> evaluate(const char* expression) {
  interpreter();
  SCALER_TRY(builtins, Object::import("builtins"));
  SCALER_TRY(scope, checked(PyDict_New()));
  return builtins.call_method("eval", {make_text(expression), scope});
}

std::string text_of(const char* expression) {
  const auto value = evaluate(expression);
  REQUIRE(value);
  const auto text = value->text();
  REQUIRE(text);
  return *text;
}

}  // namespace

TEST_CASE("a Python exception becomes an error with its type and text", "[embed]") {
  const auto value = evaluate("1 / 0");
  REQUIRE_FALSE(value);
  REQUIRE(value.error().text == "ZeroDivisionError: division by zero");
  REQUIRE(PyErr_Occurred() == nullptr);
  REQUIRE(text_of("'still here'") == "still here");
}

TEST_CASE("an object gives back exactly the references that it took", "[embed]") {
  interpreter();
  const Object list = Object::steal(PyList_New(0));
  REQUIRE(Py_REFCNT(list.get()) == 1);
  {
    const Object second = list;
    Object third = Object::borrow(list.get());
    REQUIRE(Py_REFCNT(list.get()) == 3);
    third = Object();
    REQUIRE(Py_REFCNT(list.get()) == 2);
  }
  REQUIRE(Py_REFCNT(list.get()) == 1);
}

TEST_CASE("another thread uses Python while this one lets go of it", "[embed]") {
  interpreter();
  long seen = 0;
  {
    const GilReleased released;
    std::thread([&seen] {
      const Gil gil;
      const Object number = make_integer(5);
      seen = PyLong_AsLong(number.get());
    }).join();
  }
  REQUIRE(seen == 5);
}

TEST_CASE("conversions report the wrong type instead of guessing", "[embed]") {
  REQUIRE(*evaluate("41 + 1")->integer() == 42);
  REQUIRE_FALSE(evaluate("'x'")->integer());
  REQUIRE_FALSE(evaluate("5")->text());
  REQUIRE_FALSE(evaluate("1 << 100")->integer());
  REQUIRE(*evaluate("[0]")->truth());
}

TEST_CASE("sys.executable is the environment's interpreter and never the first on PATH",
          "[embed]") {
  const auto expected = executable_of(
      std::getenv("SCALER_TEST_VENV") == nullptr ? "" : std::getenv("SCALER_TEST_VENV"));
  REQUIRE(expected);
  REQUIRE(text_of("__import__('sys').executable") == *expected);
}

TEST_CASE("a folder that is no environment of this Python is refused by name", "[embed]") {
  const auto refused = executable_of("/usr");
  REQUIRE_FALSE(refused);
  REQUIRE(refused.error().code == Errc::usage);
  REQUIRE_THAT(refused.error().text, Contains("/usr is not a virtual environment"));
}

TEST_CASE("carried modules can be imported and show their source lines", "[embed]") {
  REQUIRE(find_carried("scaler_runtime.run") != nullptr);
  REQUIRE(find_carried("scaler_runtime")->is_package);
  REQUIRE(find_carried("no.such.module") == nullptr);
  REQUIRE(text_of("__import__('scaler_runtime.run').run.__spec__.origin") ==
          "<scaler>/scaler_runtime/run.py");
  REQUIRE_THAT(text_of("(__import__('scaler_runtime.run'), __import__('linecache').lazycache("
                       "'<scaler>/scaler_runtime/run.py', "
                       "__import__('sys').modules['scaler_runtime.run'].__dict__),"
                       "__import__('linecache').getline('<scaler>/scaler_runtime/run.py', 1))[2]"),
               Contains("The task step"));
}

TEST_CASE("an extension module of an environment finds the interpreter in the program", "[embed]") {
  interpreter();
  if (std::getenv("SCALER_TEST_VENV") == nullptr) {
    WARN("skipped: SCALER_TEST_VENV names no virtual environment with NumPy");
    return;
  }
  REQUIRE(text_of("str(__import__('numpy').arange(4).sum())") == "6");
}

TEST_CASE("extension modules of the standard library load", "[embed]") {
  REQUIRE(text_of("str(__import__('decimal').Decimal('1.50'))") == "1.50");
  REQUIRE(text_of("__import__('json').dumps([1])") == "[1]");
}

}  // namespace scaler::embed
