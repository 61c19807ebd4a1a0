package handlers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jol/models"
)

// Command is a request from the field: one route of the table, called without HTTP.
type Command struct {
	Type     string
	Params   map[string]string
	Key      string
	Base     *int64
	Occurred time.Time
	Body     []byte
	Settles  string // the waiting conflict that ends with it
	Reason   string // that its route asked for, given by whoever settles it
}

// Ran is how a command ended.
type Ran struct {
	Value    any   // what the route would have answered
	Replayed bool  // it was carried out before
	Dropped  error // text that was left out, because the screen refused it
	Err      error
}

// Commands carries out commands; api makes it, because only api may open a session.
type Commands struct {
	Now        time.Time
	Parameters func(kind string) []string // names of the parameters of the route's path
	Run        func(Command) Ran
	Current    func(Command) any         // the record's state now, as far as the caller may see it
	Address    func(Command) string      // where it is read
	Waits      func(Command, error) bool // whether it waits in the inbox, having failed so
	Usable     func() error              // whether the caller may still send, looked at before each command
	Problem    func(error) *ProblemView
}

// MaxCommands is how many commands a batch may have.
const MaxCommands = 500

// syncRequest describes the body of POST /sync.
//
//nolint:unused // for the description only: the body is taken apart by splitBatch
type syncRequest struct {
	Commands []syncCommandRequest `json:"commands" validate:"required"` // 1 to 500, carried out in this order
}

// syncCommandRequest is one command of an outbox. Each is decoded by itself, so that one that is
// not well formed refuses nobody else.
type syncCommandRequest struct {
	ID             string            `json:"id" validate:"required" maxLength:"128"`                           // new for each command, made on the device
	Type           string            `json:"type" validate:"required"`                                         // docs/offline.md lists them
	Params         map[string]string `json:"params"`                                                           // the parameters of its route's path
	IdempotencyKey string            `json:"idempotencyKey" validate:"required" minLength:"1" maxLength:"128"` // visible ASCII; the same when sent again
	BaseVersion    *int64            `json:"baseVersion"`                                                      // the version it was made on; of commands that change
	OccurredAt     time.Time         `json:"occurredAt" validate:"required"`                                   // when it happened, by the device's clock
	Payload        jsontext.Value    `json:"payload" swaggertype:"object"`                                     // body of its route
}

// SyncView answers an outbox: one result for each command, in its order.
type SyncView struct {
	Results []SyncResultView `json:"results"`
}

// SyncResultView is how one command ended. Resource is what its route answers, or at a
// conflict the record as it is now. A problem beside accepted names text that was left out.
type SyncResultView struct {
	ID       *string      `json:"id"`
	Status   string       `json:"status" enums:"accepted,replayed,conflict,refused"`
	Resource any          `json:"resource"`
	Conflict *string      `json:"conflict"` // its id in the inbox
	Problem  *ProblemView `json:"problem"`
}

// How a command can end.
const (
	syncAccepted = "accepted"
	syncReplayed = "replayed"
	syncConflict = "conflict"
	syncRefused  = "refused"
)

// outbox is a batch while it is worked through.
type outbox struct {
	call *Call
	seen map[string]seenCommand // by id
}

type seenCommand struct {
	digest string
	result SyncResultView
}

// SyncCommands carries out an outbox.
//
//	@Summary		Send an outbox
//	@Description	Up to 500 commands, carried out in the order given, each in its own transaction and with its own authorisation. See docs/offline.md for the types of command.
//	@Tags			sync
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			Device-Token	header		string		false	"token of the enrolled device, where there is one; from then on the bearer token is good for nothing without it"
//	@Param			body			body		syncRequest	true	"commands"
//	@Success		200				{object}	SyncView
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/sync [post]
func SyncCommands(c *Call) error {
	commands, err := splitBatch(c.Body)
	if err != nil {
		return err
	}
	box := &outbox{call: c, seen: map[string]seenCommand{}}
	view := SyncView{Results: make([]SyncResultView, len(commands))}
	for i, raw := range commands {
		if view.Results[i], err = box.take(raw); err != nil {
			return err // the caller hung up: what was done is done, and answers replayed next time
		}
	}
	return c.JSON(http.StatusOK, view)
}

// splitBatch takes the batch apart by hand, because a member repeated inside one command
// is that command's fault, and one repeated outside would lose commands in silence.
func splitBatch(body []byte) ([]jsontext.Value, error) {
	d := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true))
	if d.PeekKind() != '{' {
		if len(body) == 0 {
			return nil, invalid("/commands", "sync.commands_required")
		}
		return nil, invalid("", "body.wrong_type")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, invalid("", "body.wrong_type")
	}
	var commands []jsontext.Value
	named := false
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, invalid("", "body.wrong_type")
		}
		switch {
		case name.String() != "commands":
			pointer := "/*"
			if plainName.MatchString(name.String()) {
				pointer = "/" + name.String()
			}
			return nil, invalid(pointer, "body.unknown_field")
		case named:
			return nil, invalid("/commands", "body.duplicate_field")
		}
		named = true
		value, err := d.ReadValue()
		if err != nil {
			return nil, invalid("/commands", "body.wrong_type")
		}
		if value.Kind() == 'n' {
			continue
		}
		if json.Unmarshal(value, &commands, jsontext.AllowDuplicateNames(true)) != nil {
			return nil, invalid("/commands", "body.wrong_type")
		}
	}
	if len(commands) == 0 {
		return nil, invalid("/commands", "sync.commands_required")
	}
	if len(commands) > MaxCommands {
		return nil, invalid("/commands", "sync.too_many_commands")
	}
	return commands, nil
}

var (
	commandID    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	errReference = models.Fail(models.KindInvalid, "sync.reference_unknown", "The command names the result of another that was not accepted before it in this batch.")
	errDropped   = models.Fail(models.KindConflict, "sync_conflict.settled", "A person decided to drop this command.")
)

// take carries one command out and says how it ended. It fails only when the caller is gone.
func (b *outbox) take(raw jsontext.Value) (SyncResultView, error) {
	in, err := decode[syncCommandRequest](raw)
	if !commandID.MatchString(in.ID) {
		if err == nil {
			err = invalid("/id", "sync.command_id_required")
		}
		return b.refused(nil, err), nil
	}
	digest := in.digest()
	if before, ok := b.seen[in.ID]; ok {
		return b.again(in.ID, before, digest), nil
	}
	var result SyncResultView
	if err != nil {
		result = b.refused(&in.ID, err)
	} else if result, err = b.run(in, digest); err != nil {
		return result, err
	}
	b.seen[in.ID] = seenCommand{digest, result}
	return result, nil
}

// again answers a command that stands twice in one batch.
func (b *outbox) again(id string, before seenCommand, digest string) SyncResultView {
	if before.digest != digest {
		return b.refused(&id, invalid("/id", "sync.command_id_reused"))
	}
	if before.result.Status == syncAccepted {
		before.result.Status = syncReplayed
	}
	return before.result
}

func (b *outbox) run(in syncCommandRequest, digest string) (SyncResultView, error) {
	c := b.call
	if err := c.Commands.Usable(); err != nil {
		return b.failed(&in.ID, err)
	}
	occurred, err := models.CommandTime(in.OccurredAt, c.Commands.Now)
	if err != nil {
		return b.refused(&in.ID, err), nil
	}
	cmd := Command{Type: in.Type, Params: in.Params, Key: in.IdempotencyKey, Base: in.BaseVersion, Occurred: occurred, Body: in.Payload}
	if err := cmd.takeParams(c.Commands.Parameters(in.Type)); err != nil {
		return b.refused(&in.ID, err), nil
	}
	kept, err := c.Store.KeptConflict(c.Context, in.ID, digest)
	if err != nil {
		return b.failed(&in.ID, err)
	}
	if kept != nil {
		return b.kept(in.ID, cmd, kept), nil
	}
	if err := b.resolve(&cmd); err != nil {
		return b.refused(&in.ID, err), nil
	}
	ran := c.Commands.Run(cmd)
	switch {
	case ran.Replayed:
		return SyncResultView{ID: &in.ID, Status: syncReplayed, Resource: ran.Value, Problem: c.Commands.Problem(ran.Dropped)}, nil
	case ran.Err == nil:
		return SyncResultView{ID: &in.ID, Status: syncAccepted, Resource: ran.Value, Problem: c.Commands.Problem(ran.Dropped)}, nil
	case c.Commands.Waits(cmd, ran.Err):
		return b.keep(in, cmd, digest, ran)
	}
	return b.failed(&in.ID, ran.Err)
}

// takeParams moves the parameters of the path, which may stand in the payload beside the members
// of the body, to the others. A client's code may be called clientCode there, as in bodies.
// Where both are given they must be the same: nobody is to guess which record is meant.
func (cmd *Command) takeParams(names []string) error {
	payload, err := membersOf(cmd.Body)
	if len(names) == 0 || payload == nil {
		return err
	}
	params, moved := maps.Clone(cmd.Params), []string{}
	if params == nil {
		params = map[string]string{}
	}
	for _, member := range append(slices.Clone(names), "clientCode") {
		name := member
		if member == "clientCode" {
			name = "code"
		}
		raw, ok := payload[member]
		if !ok || !slices.Contains(names, name) {
			continue
		}
		var value string
		before, given := params[name]
		if json.Unmarshal(raw, &value) != nil || given && before != value {
			return invalid("/payload/"+member, "sync.params")
		}
		params[name], moved = value, append(moved, member)
	}
	if len(moved) == 0 {
		return nil
	}
	body, err := without(cmd.Body, moved)
	cmd.Params, cmd.Body = params, body
	return err
}

// without leaves members of a JSON object out and the others in their order, so that what is
// left is the same request as one that never had them.
func without(object []byte, members []string) ([]byte, error) {
	var out bytes.Buffer
	d, e := jsontext.NewDecoder(bytes.NewReader(object)), jsontext.NewEncoder(&out)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	_ = e.WriteToken(jsontext.BeginObject) // a buffer takes everything
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		text := name.String() // the token is good until the next read only
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if slices.Contains(members, text) {
			continue
		}
		if err := errors.Join(e.WriteToken(jsontext.String(text)), e.WriteValue(value)); err != nil {
			return nil, err
		}
	}
	_ = e.WriteToken(jsontext.EndObject)
	return bytes.TrimSpace(out.Bytes()), nil
}

// keep puts the command into the inbox and answers with the record as it is now.
func (b *outbox) keep(in syncCommandRequest, cmd Command, digest string, ran Ran) (SyncResultView, error) {
	c := b.call
	var e, dropped *models.Error
	errors.As(ran.Err, &e)
	why := *e
	if errors.As(ran.Dropped, &dropped) { // nothing is left out without a word
		why.Fields, why.Detail = append(why.Fields, dropped.Fields...), why.Detail+" "+dropped.Detail
	}
	base := int64(-1)
	if cmd.Base != nil {
		base = *cmd.Base
	}
	kept, err := c.Store.KeepConflict(c.Context, models.SyncConflict{
		CommandID: in.ID, Digest: digest, Command: cmd.Type, Params: cmd.Params, Code: e.Code,
		BaseVersion: base, OccurredAt: cmd.Occurred, Payload: waiting(cmd.Body),
	})
	if err != nil {
		return b.failed(&in.ID, err)
	}
	return SyncResultView{ID: &in.ID, Status: syncConflict, Resource: c.Commands.Current(cmd), Conflict: &kept.ID, Problem: c.Commands.Problem(&why)}, nil
}

// kept answers a command that met a conflict when it was sent before.
func (b *outbox) kept(id string, cmd Command, k *models.SyncConflict) SyncResultView {
	c := b.call
	result := SyncResultView{ID: &id, Conflict: &k.ID}
	switch k.State {
	case models.ConflictWaiting:
		result.Status, result.Resource = syncConflict, c.Commands.Current(cmd)
		result.Problem = c.Commands.Problem(models.Fail(models.KindConflict, k.Code, "This command waits in the inbox until a person decides."))
	case models.ConflictApplied:
		result.Status, result.Resource = syncReplayed, c.Commands.Current(cmd)
	default:
		result.Status, result.Problem = syncRefused, c.Commands.Problem(errDropped)
	}
	return result
}

func (b *outbox) refused(id *string, err error) SyncResultView {
	return SyncResultView{ID: id, Status: syncRefused, Problem: b.call.Commands.Problem(err)}
}

// failed refuses, unless the caller is gone: then the rest of the batch is not begun.
func (b *outbox) failed(id *string, err error) (SyncResultView, error) {
	if gone := b.call.Context.Err(); gone != nil {
		return SyncResultView{}, gone
	}
	return b.refused(id, err), nil
}

// digest tells two commands apart that have the same id.
func (in syncCommandRequest) digest() string {
	b, err := json.Marshal(in, json.Deterministic(true))
	if err != nil { // not UTF-8
		b = []byte(in.ID)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// reference is how a command names the record that an earlier command of the batch makes:
// its code or id is not known in the field.
const reference = "command:"

// resolve puts the records of earlier commands in place of references to them.
func (b *outbox) resolve(cmd *Command) error {
	lookup := func(s string) (string, bool) {
		id, ok := strings.CutPrefix(s, reference)
		if !ok {
			return s, true
		}
		return b.named(id)
	}
	params := map[string]string{}
	for name, value := range cmd.Params {
		var ok bool
		if params[name], ok = lookup(value); !ok {
			return errReference
		}
	}
	cmd.Params = params
	if !bytes.Contains(cmd.Body, []byte(`"`+reference)) {
		return nil
	}
	missing := false
	body, err := mapStrings(cmd.Body, func(_, s string) string {
		value, ok := lookup(s)
		missing = missing || !ok
		return value
	})
	if missing || err != nil {
		return errReference
	}
	cmd.Body = body
	return nil
}

// named is the code or id of the record that a command of this batch made.
func (b *outbox) named(id string) (string, bool) {
	before := b.seen[id].result
	if before.Status != syncAccepted && before.Status != syncReplayed {
		return "", false
	}
	encoded, err := json.Marshal(before.Resource)
	if err != nil {
		return "", false
	}
	var record struct{ Code, ID string }
	if err := json.Unmarshal(encoded, &record, json.MatchCaseInsensitiveNames(true)); err != nil {
		return "", false
	}
	if record.Code != "" {
		return record.Code, true
	}
	return record.ID, record.ID != ""
}

// waiting is the payload as it may be kept: whatever the screen would not take in a text is
// left out, whichever field it stands in.
func waiting(body []byte) string {
	kept, err := mapStrings(body, func(_, s string) string {
		if !models.MayWait(s) {
			return ""
		}
		return s
	})
	if err != nil {
		return ""
	}
	return string(kept)
}

// DropTexts empties the texts at the pointers, so that the rest of a command can be kept.
func DropTexts(body []byte, pointers []string) ([]byte, error) {
	return mapStrings(body, func(pointer, s string) string {
		if slices.Contains(pointers, pointer) {
			return ""
		}
		return s
	})
}

// mapStrings rewrites the string values of a JSON text.
func mapStrings(body []byte, change func(pointer, value string) string) ([]byte, error) {
	if len(body) == 0 {
		return body, nil
	}
	var out bytes.Buffer
	d, e := jsontext.NewDecoder(bytes.NewReader(body)), jsontext.NewEncoder(&out)
	for {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSpace(out.Bytes()), nil
		}
		if err != nil {
			return nil, err
		}
		if t.Kind() == '"' {
			if kind, n := d.StackIndex(d.StackDepth()); kind != '{' || n%2 == 0 { // a value, not a name
				t = jsontext.String(change(string(d.StackPointer()), t.String()))
			}
		}
		if err := e.WriteToken(t); err != nil {
			return nil, err
		}
	}
}

// FillTime puts the time of a command where its payload says none: a civil date into "on",
// a time into any other member.
func FillTime(body []byte, member, zone string, at time.Time) ([]byte, error) {
	fields, err := membersOf(body)
	if fields == nil {
		return body, err
	}
	if said(fields[member], false) {
		return body, nil
	}
	value := at.UTC().Format(time.RFC3339Nano)
	if member == "on" {
		value = string(models.DateOf(at, zone))
	}
	fields[member] = jsontext.Value(strconv.Quote(value))
	return json.Marshal(fields, json.Deterministic(true))
}

// SetMember puts a text into a member of a payload, whatever stood there.
func SetMember(body []byte, member, value string) ([]byte, error) {
	fields, err := membersOf(body)
	if fields == nil {
		return body, err
	}
	if fields[member], err = jsontext.AppendQuote(nil, value); err != nil {
		return nil, invalid("/"+member, "body.wrong_type")
	}
	return json.Marshal(fields, json.Deterministic(true))
}

// membersOf takes an object apart; nil where it is none: the handler says what is wrong with it.
func membersOf(body []byte) (map[string]jsontext.Value, error) {
	fields := map[string]jsontext.Value{}
	if len(body) == 0 {
		return fields, nil
	}
	if jsontext.Value(body).Kind() != '{' {
		return nil, nil
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	return fields, nil
}

// SyncConflictView is a command that waits for a person's decision. Its payload is erased
// when it is settled.
type SyncConflictView struct {
	ID          string            `json:"id"`
	Type        string            `json:"type"`
	Params      map[string]string `json:"params"`
	Address     string            `json:"address"` // where the record is read as it is now
	Code        string            `json:"code"`    // of the problem the command met
	BaseVersion *int64            `json:"baseVersion"`
	OccurredAt  time.Time         `json:"occurredAt"`
	Payload     any               `json:"payload"`
	State       string            `json:"state" enums:"waiting,applied,dropped"`
	Own         bool              `json:"own"` // sent by the caller, not by a colleague
	CreatedAt   time.Time         `json:"createdAt"`
	SettledAt   *time.Time        `json:"settledAt"`
	Version     int64             `json:"version"`
}

func (c *Call) conflictView(k models.SyncConflict) SyncConflictView {
	v := SyncConflictView{
		ID: k.ID, Type: k.Command, Params: k.Params, Code: k.Code, OccurredAt: k.OccurredAt, State: k.State, Own: k.UserID == c.Actor.UserID,
		CreatedAt: k.CreatedAt, SettledAt: k.SettledAt, Version: k.Version, Address: c.Commands.Address(Command{Type: k.Command, Params: k.Params}),
	}
	if k.BaseVersion >= 0 {
		v.BaseVersion = &k.BaseVersion
	}
	if k.Payload != "" {
		v.Payload = jsontext.Value(k.Payload)
	}
	return v
}

// ListSyncConflicts lists the commands that wait, the caller's and those of colleagues with
// the same role.
//
//	@Summary	Inbox of conflicts
//	@Tags		sync
//	@Security	bearer
//	@Produce	json
//	@Param		state	query		string	false	"waiting, applied or dropped"	Enums(waiting, applied, dropped)
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[SyncConflictView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/sync/conflicts [get]
func ListSyncConflicts(c *Call) error {
	state, err := c.choice("state", oneOf(models.ConflictStates...))
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListConflicts(c.Context, state, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, c.conflictView)
}

type syncResolutionRequest struct {
	Action      string `json:"action" validate:"required" enums:"apply,drop"`     // what to do with it
	BaseVersion *int64 `json:"baseVersion"`                                       // apply: the version of the record as it is now
	Reason      string `json:"reason" extensions:"x-code-list=dose_guard_reason"` // apply: of a command that waits for one
}

// SyncResolutionView is a settled conflict, with what the command's route answered when it
// was applied.
type SyncResolutionView struct {
	Conflict SyncConflictView `json:"conflict"`
	Resource any              `json:"resource"`
	Problem  *ProblemView     `json:"problem"` // text that was left out
}

// ResolveSyncConflict applies a waiting command on a new base, or drops it.
//
//	@Summary		Settle a conflict
//	@Description	apply carries the command out now, with the caller's own authorisation, on baseVersion: what the person saw, and with the reason that the command waits for, if it does. Where that fails, the failure is the answer and the command waits on.
//	@Tags			sync
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string					true	"conflict id"
//	@Param			body	body		syncResolutionRequest	true	"decision"
//	@Success		200		{object}	SyncResolutionView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/sync/conflicts/{id}/resolution [post]
func ResolveSyncConflict(c *Call) error {
	in, err := bind[syncResolutionRequest](&c.Exchange)
	if err != nil {
		return err
	}
	var checks models.Checks
	checks.Require(in.Action == "apply" || in.Action == "drop", "/action", "sync_conflict.action_unknown")
	checks.Require(in.Action == "apply" || in.Reason == "", "/reason", "sync_conflict.no_reason")
	if err := checks.Err(); err != nil {
		return err
	}
	id := c.Param("id")
	if in.Action == "drop" {
		k, err := c.Store.DropConflict(c.Context, id)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, SyncResolutionView{Conflict: c.conflictView(*k)})
	}
	k, err := c.Store.GetConflict(c.Context, id)
	if err != nil {
		return err
	}
	if k.State != models.ConflictWaiting {
		return k.Settle("", "", time.Time{})
	}
	ran := c.Commands.Run(Command{
		Type: k.Command, Params: k.Params, Key: "conflict." + k.ID, Base: in.BaseVersion, Occurred: k.OccurredAt, Body: []byte(k.Payload), Settles: k.ID, Reason: in.Reason,
	})
	if ran.Err != nil {
		return ran.Err
	}
	if k, err = c.Store.GetConflict(c.Context, id); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, SyncResolutionView{Conflict: c.conflictView(*k), Resource: ran.Value, Problem: c.Commands.Problem(ran.Dropped)})
}
