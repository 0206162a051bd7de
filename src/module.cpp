// The compiled module sojourn._core. It is private: the public classes are Python's.
#include <pybind11/pybind11.h>

#include "sojourn/core/error.hpp"

namespace py = pybind11;

namespace sojourn::python {
void bind_tables(py::module_& m);
void bind_events(py::module_& m);
void bind_graph(py::module_& m);
void bind_effects(py::module_& m);
void bind_horizon(py::module_& m);
void bind_experience(py::module_& m);
void bind_listening(py::module_& m);
void bind_declustering(py::module_& m);
void bind_convergence(py::module_& m);
void bind_drivers(py::module_& m);
void bind_score_change(py::module_& m);
void bind_scores(py::module_& m);
void bind_assets(py::module_& m);
void bind_bond(py::module_& m);
void bind_bridge(py::module_& m);
void bind_restatement(py::module_& m);
void bind_datasets(py::module_& m);
void bind_discover(py::module_& m);
void bind_merge(py::module_& m);
void bind_pickle(py::module_& m);
void bind_surges(py::module_& m);
}  // namespace sojourn::python

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  m.doc() = "Compiled parts of sojourn. Private: use the names in `sojourn`.";
  m.attr("__version__") = SOJOURN_VERSION;
  py::register_exception<sojourn::InvalidInput>(m, "InvalidInput", PyExc_ValueError);
  sojourn::python::bind_tables(m);
  sojourn::python::bind_events(m);
  sojourn::python::bind_graph(m);
  sojourn::python::bind_effects(m);
  sojourn::python::bind_horizon(m);
  sojourn::python::bind_experience(m);
  sojourn::python::bind_listening(m);
  sojourn::python::bind_declustering(m);
  sojourn::python::bind_convergence(m);
  sojourn::python::bind_drivers(m);
  sojourn::python::bind_score_change(m);
  sojourn::python::bind_scores(m);
  sojourn::python::bind_assets(m);
  sojourn::python::bind_bond(m);
  sojourn::python::bind_bridge(m);
  sojourn::python::bind_restatement(m);
  sojourn::python::bind_datasets(m);
  sojourn::python::bind_discover(m);
  sojourn::python::bind_merge(m);
  sojourn::python::bind_pickle(m);
  sojourn::python::bind_surges(m);
}
