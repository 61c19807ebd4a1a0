package api

import (
	"net/http"

	"jol/handlers"
)

// Health is the answer of the health endpoints.
type Health struct {
	Status string `json:"status"`
}

// adder registers a step under a method and path.
type adder func(method, path string, do step)

// operational are the routes outside the table: they concern the process, not the
// people it serves, and need neither an account nor the catalogue.
var operational = []Route{
	{Method: http.MethodGet, Path: "/livez"},
	{Method: http.MethodGet, Path: "/readyz"},
	{Method: http.MethodGet, Path: "/version"},
}

func (s *server) addHealth(add adder) {
	for i, do := range []step{s.livez, s.readyz, s.showVersion} {
		add(operational[i].Method, operational[i].Path, do)
	}
}

// livez says that the process runs; it asks nothing else, so that a database in
// trouble does not get the process restarted.
//
//	@Summary	Is the process alive?
//	@Tags		service
//	@ID			getLivez
//	@Produce	json
//	@Success	200	{object}	Health
//	@Router		/livez [get]
func (s *server) livez(req *request) error {
	return req.send(Health{Status: "ok"})
}

// readyz says that requests can be answered: the database answers and reads can be
// audited.
//
//	@Summary	Can requests be answered?
//	@Tags		service
//	@ID			getReadyz
//	@Produce	json
//	@Success	200	{object}	Health
//	@Router		/readyz [get]
func (s *server) readyz(req *request) error {
	if err := s.ready(req.r.Context()); err != nil {
		return errNotReady.WithCause(err)
	}
	return req.send(Health{Status: "ok"})
}

// showVersion says what runs.
//
//	@Summary	Version of the running service
//	@Tags		service
//	@ID			getVersion
//	@Produce	json
//	@Success	200	{object}	Version
//	@Router		/version [get]
func (s *server) showVersion(req *request) error {
	return req.send(s.version)
}

// send replies 200 with a value that no cache may keep.
func (req *request) send(value any) error {
	x := handlers.Exchange{Status: http.StatusOK, Value: value}
	return req.reply(&x, true)
}
