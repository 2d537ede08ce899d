#include <cstring>

#include "embed/native/core_type.hpp"
#include "embed/native/future.hpp"
#include "embed/native/payload.hpp"

namespace scaler::native {

namespace {

// [(payload: bytes, name: bytes), ...]
bool read_objects(Session* session, PyObject* list, std::vector<client::NewObject>& into) {
  const Py_ssize_t count = PyList_Size(list);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject *payload, *name;
    if (!PyArg_ParseTuple(PyList_GetItem(list, i), "SS", &payload, &name)) return false;
    into.push_back({new_object_id(session), copy_payload(name), copy_payload(payload)});
  }
  return true;
}

// An index is a node, -1 - index an object of this graph, bytes a reference.
bool read_argument(PyObject* argument, const client::SubmitGraph& graph, client::GraphNode& node) {
  if (PyBytes_Check(argument)) {
    ObjectId id;
    if (!read_object_id(argument, id)) return false;
    node.arguments.emplace_back(id);
    return true;
  }
  const long index = PyLong_AsLong(argument);
  if (index == -1 && PyErr_Occurred() != nullptr) return false;
  const auto place = static_cast<std::size_t>(index >= 0 ? index : -1 - index);
  if (place >= (index >= 0 ? graph.nodes.size() : graph.objects.size())) {
    PyErr_SetString(PyExc_IndexError, "an argument that is no part of the graph");
    return false;
  }
  if (index >= 0)
    node.arguments.emplace_back(graph.nodes[place].id);
  else
    node.arguments.emplace_back(graph.objects[place].id);
  return true;
}

// [(function: index of an object, [argument, ...]), ...]
bool read_nodes(PyObject* list, client::SubmitGraph& graph) {
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    PyObject* arguments;
    Py_ssize_t function;
    if (!PyArg_ParseTuple(PyList_GetItem(list, static_cast<Py_ssize_t>(i)), "nO!", &function,
                          &PyList_Type, &arguments))
      return false;
    if (function < 0 || static_cast<std::size_t>(function) >= graph.objects.size()) {
      PyErr_SetString(PyExc_IndexError, "a function that is no part of the graph");
      return false;
    }
    client::GraphNode& node = graph.nodes[i];
    node.function = graph.objects[static_cast<std::size_t>(function)].id;
    const Py_ssize_t count = PyList_Size(arguments);
    node.arguments.reserve(static_cast<std::size_t>(count));
    for (Py_ssize_t k = 0; k < count; ++k)
      if (!read_argument(PyList_GetItem(arguments, k), graph, node)) return false;
  }
  return true;
}

void name_nodes(Session* session, std::size_t count, client::SubmitGraph& graph) {
  graph.id = new_task_id(session);
  graph.nodes.resize(count);
  for (client::GraphNode& node : graph.nodes) {
    node.id = new_task_id(session);
    std::memcpy(node.id.bytes.data(), graph.id.bytes.data(), 8);
  }
}

// The futures of the targets, whose tokens are in the graph.
PyObject* make_targets(Session* session, PyObject* indices, client::SubmitGraph& graph) {
  const Py_ssize_t count = PyList_Size(indices);
  PyObject* futures = PyList_New(0);
  for (Py_ssize_t i = 0; futures != nullptr && i < count; ++i) {
    const std::size_t index = PyLong_AsSize_t(PyList_GetItem(indices, i));
    Future* future =
        index < graph.nodes.size() ? make_future(session, graph.nodes[index].id) : nullptr;
    if (future == nullptr || PyList_Append(futures, as_object(future)) < 0) {
      if (PyErr_Occurred() == nullptr)
        PyErr_SetString(PyExc_IndexError, "a target that is no node");
      Py_CLEAR(futures);
    } else {
      graph.targets.push_back({graph.nodes[index].id, token_of(future)});
    }
    Py_XDECREF(as_object(future));
  }
  return futures;
}

bool post_graph(Session* session, client::SubmitGraph&& graph) {
  client::Request request(std::move(graph));
  if (post(session, std::move(request))) return true;
  for (const client::GraphTarget& target : std::get<client::SubmitGraph>(request).targets)
    Py_DECREF(reinterpret_cast<PyObject*>(target.token));
  return false;
}

}  // namespace

PyObject* core_submit_graph(PyObject* self, PyObject* arguments) {
  PyObject *objects, *nodes, *targets, *capabilities;
  int priority, eager;
  if (!PyArg_ParseTuple(arguments, "O!O!O!Oip", &PyList_Type, &objects, &PyList_Type, &nodes,
                        &PyList_Type, &targets, &capabilities, &priority, &eager))
    return nullptr;
  Session* session = session_of(self);
  if (!check_usable(session)) return nullptr;
  client::SubmitGraph graph;
  graph.flags = {session->profiling, priority, session->streams};
  graph.fetch = eager != 0 ? client::Fetch::eager : client::Fetch::lazy;
  if (capabilities != Py_None && !read_capabilities(capabilities, graph.capabilities))
    return nullptr;
  if (!read_objects(session, objects, graph.objects)) return nullptr;
  name_nodes(session, static_cast<std::size_t>(PyList_Size(nodes)), graph);
  if (!read_nodes(nodes, graph)) return nullptr;
  PyObject* futures = make_targets(session, targets, graph);
  if (futures == nullptr) {
    for (const client::GraphTarget& target : graph.targets)
      Py_DECREF(reinterpret_cast<PyObject*>(target.token));
    return nullptr;
  }
  if (!post_graph(session, std::move(graph)) || wait_for_room(session) < 0) Py_CLEAR(futures);
  return futures;
}

}  // namespace scaler::native
