#include "compiler/model/fk_graph.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>
#include <boost/graph/strong_components.hpp>
#include <queue>

namespace rekey::model {
namespace {

using Directed = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
using Undirected = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;

std::vector<std::vector<int>> members(const std::vector<int>& component) {
  std::vector<std::vector<int>> groups;
  for (int vertex = 0; vertex < static_cast<int>(component.size()); ++vertex) {
    if (component[vertex] >= static_cast<int>(groups.size())) groups.resize(component[vertex] + 1);
    groups[component[vertex]].push_back(vertex);
  }
  return groups;
}

}  // namespace

std::vector<int> strong_components(int vertices, const Edges& edges) {
  Directed graph(edges.begin(), edges.end(), vertices);
  std::vector<int> component(vertices);
  if (vertices > 0) boost::strong_components(graph, component.data());
  return component;
}

std::vector<int> connected_components(int vertices, const Edges& edges) {
  Undirected graph(edges.begin(), edges.end(), vertices);
  std::vector<int> component(vertices);
  if (vertices > 0) boost::connected_components(graph, component.data());
  return component;
}

std::vector<int> targets_first(int vertices, const Edges& edges) {
  const auto component = strong_components(vertices, edges);
  const auto groups = members(component);
  std::vector<std::vector<int>> sources(groups.size());
  std::vector<int> waiting(groups.size());
  for (auto [from, to] : edges) {
    if (component[from] == component[to]) continue;
    sources[component[to]].push_back(component[from]);
    ++waiting[component[from]];
  }
  // The queue holds components whose targets are all placed, the one with the first vertex on top.
  auto later = [&](int a, int b) { return groups[a].front() > groups[b].front(); };
  std::priority_queue<int, std::vector<int>, decltype(later)> ready(later);
  for (int group = 0; group < static_cast<int>(groups.size()); ++group) {
    if (waiting[group] == 0) ready.push(group);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int group = ready.top();
    ready.pop();
    order.insert(order.end(), groups[group].begin(), groups[group].end());
    for (int source : sources[group]) {
      if (--waiting[source] == 0) ready.push(source);
    }
  }
  return order;
}

std::vector<std::vector<int>> cycles(int vertices, const Edges& edges) {
  auto groups = members(strong_components(vertices, edges));
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  std::sort(groups.begin(), groups.end());
  return groups;
}

}  // namespace rekey::model
