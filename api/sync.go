package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"jol/handlers"
	"jol/models"
	"jol/models/store"
)

// A command from the field takes the same way as a request: the route table, the policy,
// a session of its own, the handler. Only what HTTP adds is missing.

var (
	errCommandUnknown = models.Fail(models.KindInvalid, "sync.type_unknown", "There is no command of this type for field work; docs/offline.md lists them.")
	errCommandParams  = models.Fail(models.KindInvalid, "sync.params", "The command must name the parameters of its route's path, all of them and no other, in its payload or in params.")
	errNoReason       = models.Fail(models.KindInvalid, "sync_conflict.no_reason", "This command asks for no reason.")
	errBaseRequired   = models.Fail(models.KindPreconditionRequired, "precondition.required", "This command needs the baseVersion it was made on.")
)

// commandRoutes are the routes that may be called from the field, by the type of command.
func commandRoutes() map[string]Route {
	routes := map[string]Route{}
	for _, r := range Routes {
		if r.Command != "" {
			routes[r.Command] = r
		}
	}
	return routes
}

// dispatcher carries out the commands of one request.
type dispatcher struct {
	*server
	req    *request
	actor  models.Actor
	routes map[string]Route
}

// commands gives a handler the means to carry out commands as the caller.
func (s *server) commands(req *request, actor models.Actor) *handlers.Commands {
	d := &dispatcher{server: s, req: req, actor: actor, routes: commandRoutes()}
	return &handlers.Commands{
		Now: s.now(), Parameters: d.parameters, Run: d.run, Usable: d.usable, Current: d.current, Address: d.address,
		Waits:   d.waits,
		Problem: d.problem,
	}
}

// waits reports whether a command that failed so is kept for a person: the record was in another
// state than it thought, or the route asks for a reason. Neither is the device's to correct.
func (d *dispatcher) waits(cmd handlers.Command, err error) bool {
	route := d.routes[cmd.Type]
	var e *models.Error
	return !route.Unkept && errors.As(err, &e) && (e.Kind == models.KindConflict || e.Kind == models.KindPreconditionFailed ||
		route.Reason != "" && strings.HasSuffix(e.Code, ".reason_required"))
}

// usable looks at the token and its device again before each command: what was shut out while
// its outbox is worked through must not finish it, nor read another record by it.
func (d *dispatcher) usable() error {
	token, _ := bearer(d.req.r.Header)
	_, err := d.authenticate(d.req.r.Context(), token, deviceToken(d.req))
	if models.IsKind(err, models.KindUnauthenticated) || models.IsKind(err, models.KindForbidden) {
		return d.denied(d.req, d.actor, "sync.create", "forbidden", err)
	}
	return err
}

// run carries a command out once, or says that it was carried out before.
func (d *dispatcher) run(cmd handlers.Command) handlers.Ran {
	route, ok := d.routes[cmd.Type]
	if !ok {
		return handlers.Ran{Err: pointing("/type", errCommandUnknown)}
	}
	if !route.AnyRole && !d.allow(d.actor.Role, route.Category, route.Verb) {
		return handlers.Ran{Err: d.denied(d.req, d.actor, route.Action, "forbidden", errForbidden)}
	}
	in, err := d.request(&route, cmd)
	if err != nil {
		return handlers.Ran{Err: err}
	}
	repeated := false
	if cmd.Settles == "" {
		if repeated, err = d.session(d.actor, in.store).Repeated(in.exchange.Context); err != nil {
			return handlers.Ran{Err: err}
		}
	}
	if repeated && !route.Create {
		return handlers.Ran{Replayed: true, Value: d.current(cmd)}
	}
	ran := d.withoutRefusedTexts(&route, in)
	ran.Err, ran.Dropped = inPayload(ran.Err), inPayload(ran.Dropped)
	switch {
	case errors.Is(ran.Err, store.ErrReplayed): // another device, or this one twice, was quicker
		return handlers.Ran{Replayed: true, Value: d.current(cmd)}
	case repeated && ran.Err != nil: // what was right then is refused now, for its dates or its rights
		return handlers.Ran{Replayed: true}
	}
	return ran
}

// request checks what HTTP would carry in path and header.
func (d *dispatcher) request(route *Route, cmd handlers.Command) (incoming, error) {
	var in incoming
	if !goodParams(route, cmd.Params) {
		return in, pointing("/params", errCommandParams)
	}
	if !goodKey(cmd.Key) {
		return in, pointing("/idempotencyKey", models.Fail(models.KindInvalid, "sync.idempotency_key_required", "A command has an idempotency key of 1 to 128 visible ASCII characters."))
	}
	in.store = store.Request{
		ID: d.req.id, Key: cmd.Key, BodyHash: hashOf(route.Method, pathOf(route.Path, cmd.Params), cmd.Body),
		Once: !route.Create && cmd.Settles == "", Adds: route.Adds, Settles: cmd.Settles,
	}
	if route.Change && !route.Adds {
		if cmd.Base == nil {
			return in, pointing("/baseVersion", errBaseRequired)
		}
		in.store.Base = *cmd.Base
	}
	body := cmd.Body
	if string(body) == "null" {
		body = nil
	}
	if route.Occurs != "" && (route.OccursIn == "" || route.OccursIn == cmd.Params["action"]) {
		var err error
		if body, err = handlers.FillTime(body, route.Occurs, d.actor.Zone, cmd.Occurred); err != nil {
			return in, err
		}
	}
	if cmd.Reason != "" {
		if route.Reason == "" {
			return in, pointing("/reason", errNoReason)
		}
		var err error
		if body, err = handlers.SetMember(body, route.Reason, cmd.Reason); err != nil {
			return in, err
		}
	}
	in.exchange = handlers.Exchange{Context: d.req.r.Context(), Params: cmd.Params, Header: http.Header{}, Body: body, Reply: http.Header{}}
	return in, nil
}

// goodParams reports whether the params are those of the path, in printable text.
func goodParams(route *Route, params map[string]string) bool {
	names := parametersOf(route)
	for _, name := range names {
		value := params[name]
		if value == "" || len(value) > 128 || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
			return false
		}
	}
	return len(names) == len(params)
}

// parametersOf are the names of the parameters of a route's path.
func parametersOf(route *Route) (names []string) {
	for part := range strings.SplitSeq(route.Path, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			names = append(names, name)
		}
	}
	return names
}

// parameters are those of the route that a type of command calls; none for an unknown type.
func (d *dispatcher) parameters(kind string) []string {
	route := d.routes[kind]
	return parametersOf(&route)
}

// pathOf is the path of a route with its parameters, as a request would have it.
func pathOf(pattern string, params map[string]string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = url.PathEscape(params[name])
		}
	}
	return strings.Join(parts, "/")
}

// withoutRefusedTexts calls the handler, and where only the screen of texts refuses
// something calls it once more without those texts: a note never refuses the rest.
func (d *dispatcher) withoutRefusedTexts(route *Route, in incoming) handlers.Ran {
	ran := d.call(route, in)
	pointers, texts := refusedTexts(ran.Err)
	if len(pointers) == 0 {
		return ran
	}
	body, err := handlers.DropTexts(in.exchange.Body, pointers)
	if err != nil {
		return ran
	}
	in.exchange.Body, in.exchange.Reply = body, http.Header{}
	if again := d.call(route, in); again.Err == nil || !models.IsKind(again.Err, models.KindInvalid) {
		again.Dropped = texts
		return again
	}
	return ran // something else was wrong too: say all of it
}

// refusedTexts lists the fields that the screen refused, and an error about them alone.
func refusedTexts(err error) (pointers []string, only error) {
	var e *models.Error
	if !errors.As(err, &e) || e.Kind != models.KindInvalid {
		return nil, nil
	}
	texts := *e
	texts.Fields = nil
	for _, f := range e.Fields {
		if strings.HasPrefix(f.Code, "text.") {
			pointers, texts.Fields = append(pointers, f.Pointer), append(texts.Fields, f)
		}
	}
	if len(pointers) > 0 {
		texts.Code = texts.Fields[0].Code
	}
	return pointers, &texts
}

// call runs the route's handler in a session of its own. A panic is one command's failure.
func (d *dispatcher) call(route *Route, in incoming) (ran handlers.Ran) {
	defer func() {
		if cause := recover(); cause != nil {
			d.logPanic(d.req, cause)
			ran = handlers.Ran{Err: errInternal}
		}
	}()
	call := &handlers.Call{Exchange: in.exchange, Actor: d.actor, Store: d.session(d.actor, in.store), Editions: d.protocols}
	if d.protocols != nil {
		call.Protocols = d.protocols.Catalog()
	}
	err := route.Scoped(call)
	switch {
	case models.IsKind(err, models.KindNotFound):
		err = d.denied(d.req, d.actor, route.Action, "not_found", err)
	case models.IsKind(err, models.KindForbidden):
		err = d.denied(d.req, d.actor, route.Action, "forbidden", err)
	}
	return handlers.Ran{Value: call.Value, Replayed: call.Reply.Get("Idempotency-Replayed") != "", Err: err}
}

// current reads the record a command is about, through the gate of the route that reads it.
func (d *dispatcher) current(cmd handlers.Command) any {
	route, ok := d.reads(cmd)
	if !ok || !route.AnyRole && !d.allow(d.actor.Role, route.Category, route.Verb) {
		return nil
	}
	ran := d.call(&route, incoming{
		exchange: handlers.Exchange{Context: d.req.r.Context(), Params: cmd.Params, Query: url.Values{}, Header: http.Header{}, Reply: http.Header{}},
		store:    store.Request{ID: d.req.id},
	})
	if ran.Err != nil {
		return nil
	}
	return ran.Value
}

// reads finds the route that reads the record of a command.
func (d *dispatcher) reads(cmd handlers.Command) (Route, bool) {
	current := d.routes[cmd.Type].Current
	for _, r := range Routes {
		if current != "" && r.Method == http.MethodGet && r.Path == current {
			return r, true
		}
	}
	return Route{}, false
}

// address is where the record of a command is read; empty when there is no such place.
func (d *dispatcher) address(cmd handlers.Command) string {
	route, ok := d.reads(cmd)
	if !ok || len(cmd.Params) == 0 {
		return ""
	}
	return pathOf(route.Path, cmd.Params)
}

// problem is the document of an error, nil for none. What is not ours to show is logged and
// becomes an internal error, as in an answer of its own.
func (d *dispatcher) problem(err error) *handlers.ProblemView {
	if err == nil {
		return nil
	}
	view := problemOf(d.req, d.known(d.req, err))
	return &view
}

// inPayload lets the pointers of a handler's error start at the command.
func inPayload(err error) error {
	var e *models.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	c := *e
	c.Fields = slices.Clone(e.Fields)
	for i := range c.Fields {
		c.Fields[i].Pointer = "/payload" + c.Fields[i].Pointer
	}
	return &c
}

// pointing names the member of a command that was refused.
func pointing(pointer string, e *models.Error) error {
	c := *e
	c.Fields = []models.FieldError{{Pointer: pointer, Code: e.Code}}
	return &c
}
