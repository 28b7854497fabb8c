// The graph of foreign keys: tables are vertices, an edge leads from the referencing table to the
// referenced one. Ordering is by Kahn's algorithm with a sorted queue over the condensation into strong
// components (boost::strong_components, Tarjan), so that the same plan always gives the same order.
#pragma once

#include <utility>
#include <vector>

namespace rekey::model {

using Edges = std::vector<std::pair<int, int>>;  // from, to

// The strong component of each vertex, numbered from 0 without gaps.
std::vector<int> strong_components(int vertices, const Edges& edges);

// The connected component of each vertex, edges taken as undirected; numbered in order of their first
// vertex.
std::vector<int> connected_components(int vertices, const Edges& edges);

// All vertices, targets of edges before their sources; among equals and inside a cycle by number.
std::vector<int> targets_first(int vertices, const Edges& edges);

// The cycles: strong components of more than one vertex, members sorted, in order of their first.
std::vector<std::vector<int>> cycles(int vertices, const Edges& edges);

}  // namespace rekey::model
