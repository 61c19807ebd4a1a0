package api

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
	"jol/models/store/storetest"
	"jol/policies"
)

// service is the whole service on a database of its own, as main wires it.
type service struct {
	t    *testing.T
	url  string
	s    *store.Store
	keys int
}

const (
	therapeutic = "therapeutic-programme"
	editionsURL = "/api/v1/protocols/" + therapeutic + "/editions"
)

func onBothEngines(t *testing.T, run func(t *testing.T, s *service, c *storetest.Country)) {
	t.Helper()
	p, err := policies.New()
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, w *storetest.World) {
		c := w.Settle(t, p.Grants)
		run(t, startService(t, w.Store, p), c)
	})
}

// startService serves a store on a real socket.
func startService(t *testing.T, s *store.Store, p *policies.Policies) *service {
	t.Helper()
	refs, err := protocols.References(protocols.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RecordReferences(t.Context(), refs); err != nil {
		t.Fatal(err)
	}
	live, err := protocols.NewLive(t.Context(), protocols.Embedded(), protocols.Shelf{Seq: s.PublicationSeq, Publications: s.Publications, Edition: s.EditionSet})
	if err != nil {
		t.Fatal(err)
	}
	following := make(chan struct{})
	log := slog.New(slog.DiscardHandler)
	ctx := t.Context()
	go func() { live.Follow(ctx, 100*time.Millisecond, log); close(following) }()
	t.Cleanup(func() { <-following })
	srv := httptest.NewServer(New(Deps{Store: s, Accounts: store.NewAccounts(s), Policies: p, Protocols: live, Logger: log, Limits: DefaultLimits()}))
	t.Cleanup(srv.Close)
	return &service{t: t, url: srv.URL, s: s}
}

// token makes an account and signs it in.
func (s *service) token(name string, role models.Role, o *models.Organisation) string {
	s.t.Helper()
	u, err := s.s.AddUser(s.t.Context(), models.NewUser{Username: name, Password: "a long enough password", Role: role, OrganisationID: o.ID})
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.s.IssueToken(s.t.Context(), u.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return token.Token
}

// editors are the tokens of an author and two more.
func (s *service) editors(c *storetest.Country) (author, one, two string) {
	return s.token("editor-1", models.RoleProtocolEditor, c.Ministry), s.token("editor-2", models.RoleProtocolEditor, c.Ministry),
		s.token("editor-3", models.RoleProtocolEditor, c.Ministry)
}

// create is a POST with a fresh idempotency key.
func (s *service) create(path, token string, body any) Scenario {
	s.keys++
	return Scenario{Method: "POST", Path: path, Token: token, Body: encoded(s.t, body), Headers: map[string]string{"Idempotency-Key": fmt.Sprint("key-", s.keys)}, Status: 201}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// move is an action on an edition at a version.
func move(edition, action, token string, version int) Scenario {
	return Scenario{Method: "POST", Path: editionsURL + "/" + edition + "/" + action, Token: token,
		Headers: map[string]string{"If-Match": strconv.Quote(strconv.Itoa(version))}, Status: 200}
}

type bundle struct {
	Edition    string            `json:"edition"`
	Base       string            `json:"base,omitempty"`
	ChangeNote string            `json:"changeNote"`
	Files      map[string]string `json:"files"`
}

// reference is the built-in edition as it can be downloaded.
func (s *service) reference() bundle {
	s.t.Helper()
	var list struct{ Items []struct{ Edition string } }
	Scenario{Path: editionsURL, Status: 200}.Run(s.t, s.url).Into(s.t, &list)
	var b bundle
	Scenario{Path: editionsURL + "/" + list.Items[len(list.Items)-1].Edition + "/bundle", Status: 200}.Run(s.t, s.url).Into(s.t, &b)
	return b
}

func (s *service) overlay(edition, title string) bundle {
	return bundle{Edition: edition, Base: s.reference().Edition, ChangeNote: "A change for a test.", Files: map[string]string{
		"text/en/changes.yaml": "steps:\n  tp-oat-missed: {title: " + title + "}\n"}}
}

// publish takes an edition from import to publication.
func (s *service) publish(b bundle, author, one, two string) {
	s.t.Helper()
	s.create(editionsURL, author, b).Run(s.t, s.url)
	s.signAndPublish(b.Edition, author, one, two)
}

func (s *service) signAndPublish(edition, author, one, two string) {
	s.t.Helper()
	move(edition, "clinical-review", one, 1).Run(s.t, s.url)
	move(edition, "language-review", one, 2).Run(s.t, s.url)
	move(edition, "approval", two, 3).Run(s.t, s.url)
	move(edition, "publication", author, 4).Run(s.t, s.url)
}

const missedStep = "/api/v1/protocols/" + therapeutic + "/steps/tp-oat-missed"

func TestEditions_ImportReportsEverythingAndKeepsNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service, c *storetest.Country) {
		author, _, _ := s.editors(c)
		b := s.reference()
		b.Edition, b.ChangeNote = "KZ-1", "Official."
		b.Files["steps/tp-oat.yaml"] = strings.NewReplacer("basis: seen", "basis: known", "to: [tp-oat-missed]", "to: [tp-oat-mist]").Replace(b.Files["steps/tp-oat.yaml"])
		b.Files["text/ru/broken.yaml"] = "steps: ["
		bad := s.create(editionsURL, author, b)
		bad.Status, bad.Code = 422, "edition.content"
		bad.Contains = []string{`"pointer":"/files/text~1ru~1broken.yaml"`, `"line":`, `not valid YAML`, `"pointer":"/files/protocol.yaml"`}
		bad.Run(t, s.url)
		delete(b.Files, "text/ru/broken.yaml")
		b.Files["protocol.yaml"] = strings.Replace(b.Files["protocol.yaml"], "edition: 2026.1-reference", "edition: KZ-1", 1)
		bad = s.create(editionsURL, author, b)
		bad.Status, bad.Code = 422, "edition.content"
		bad.Contains = []string{`"pointer":"/files/steps~1tp-oat.yaml","code":"edition.content","line":`, `needs a basis`, `unknown step \"tp-oat-mist\"`}
		var report struct{ Errors []struct{ Line int } }
		bad.Run(t, s.url).Into(t, &report)
		if len(report.Errors) < 5 {
			t.Errorf("only %d problems", len(report.Errors))
		}
		Scenario{Path: editionsURL + "/KZ-1", Token: author, Status: 404, Code: "edition.not_found"}.Run(t, s.url)
		for code, body := range map[string]string{
			"body.unknown_field": `{"edition":"x","colour":"red"}`, "body.wrong_type": `{"files":[]}`, "edition.name_form": `{"edition":"a b","changeNote":"x","files":{"a.yaml":"b"}}`,
			"edition.path_form":            `{"edition":"x","changeNote":"x","files":{"../a.yaml":"b"}}`,
			"edition.change_note_required": `{"edition":"x","files":{"a.yaml":"b"}}`,
			"edition.base_unknown":         `{"edition":"x","base":"nope","changeNote":"x","files":{"a.yaml":"b"}}`,
		} {
			sc := s.create(editionsURL, author, nil)
			sc.Body, sc.Status, sc.Code = body, 422, code
			sc.Run(t, s.url)
		}
	})
}

func TestEditions_TwoPeopleApproveAndRolesDecide(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service, c *storetest.Country) {
		author, one, two := s.editors(c)
		nurse := s.token("nurse", models.RoleNurse, c.Clinic)
		b := s.overlay("KZ-1", "Changed")
		denied := s.create(editionsURL, nurse, b)
		denied.Status, denied.Code = 403, "role.not_allowed"
		denied.Run(t, s.url)
		first := s.create(editionsURL, author, b)
		first.Contains = []string{`"state":"draft"`, `"allowed":["clinical-review","withdrawal"]`}
		if a := first.Run(t, s.url); a.Header.Get("Location") != editionsURL+"/KZ-1" || a.Header.Get("ETag") != `"1"` {
			t.Errorf("%v", a.Header)
		}
		if a := first.Run(t, s.url); a.Header.Get("Idempotency-Replayed") != "true" {
			t.Error("not a replay")
		}
		again := s.create(editionsURL, author, b)
		again.Status, again.Code = 409, "edition.exists"
		again.Run(t, s.url)
		fails := func(sc Scenario, status int, code string) {
			t.Helper()
			sc.Status, sc.Code = status, code
			sc.Run(t, s.url)
		}
		fails(move("KZ-1", "clinical-review", author, 1), 409, "edition.two_people")
		fails(move("KZ-1", "approval", one, 1), 409, "edition.not_possible")
		fails(move("KZ-1", "clinical-review", one, 9), 412, "precondition.version")
		fails(move("KZ-9", "clinical-review", one, 1), 404, "edition.not_found")
		fails(move("KZ-1", "clinical-review", nurse, 1), 403, "role.not_allowed")
		fails(Scenario{Method: "POST", Path: editionsURL + "/KZ-1/publication", Token: one}, 428, "precondition.required")
		move("KZ-1", "clinical-review", one, 1).Run(t, s.url)
		move("KZ-1", "language-review", two, 2).Run(t, s.url)
		fails(move("KZ-1", "approval", one, 3), 409, "edition.two_people")
		move("KZ-1", "approval", two, 3).Run(t, s.url)
		// Until it is published it is for editors only, whoever asks.
		for _, token := range []string{"", nurse} {
			Scenario{Path: editionsURL, Token: token, Status: 200, Absent: []string{"KZ-1", "submittedBy"}}.Run(t, s.url)
			Scenario{Path: missedStep + "?edition=KZ-1", Token: token, Status: 404, Code: "edition.not_found"}.Run(t, s.url)
			Scenario{Path: editionsURL + "/KZ-1/bundle", Token: token, Status: 404, Code: "edition.not_found"}.Run(t, s.url)
			Scenario{Path: "/api/v1/protocols/" + therapeutic + "/diff?from=" + b.Base + "&to=KZ-1", Token: token, Status: 404, Code: "edition.not_found"}.Run(t, s.url)
		}
		Scenario{Path: editionsURL, Token: "jol_wrong", Status: 401, Code: "token.invalid"}.Run(t, s.url)
		Scenario{Path: editionsURL, Token: two, Status: 200, Contains: []string{`"KZ-1"`, `"state":"approved"`, "clinicalReviewer"}}.Run(t, s.url)
		a := Scenario{Path: missedStep + "?edition=KZ-1", Token: two, Status: 200, Contains: []string{`"title":"Changed"`, `"editionState":"approved"`}}.Run(t, s.url)
		if a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("a draft may be cached: %v", a.Header)
		}
		Scenario{Path: editionsURL + "/KZ-1/bundle", Token: two, Status: 200, Contains: []string{"text/en/changes.yaml"}, Absent: []string{"protocol.yaml"}}.Run(t, s.url)
		Scenario{Path: "/api/v1/protocols/nope/editions", Status: 404, Code: "protocol.not_found"}.Run(t, s.url)
	})
}

// A publication is served at once under a new tag while somebody keeps reading, old
// editions stay readable by name, and withdrawals lead back step by step.
func TestEditions_PublishReadAndWithdraw(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service, c *storetest.Country) {
		author, one, two := s.editors(c)
		base := s.reference().Edition
		was := Scenario{Path: missedStep, Status: 200, Contains: []string{`"edition":"` + base + `"`, `"editionState":"published"`}}.Run(t, s.url)
		stop, reads := s.keepReading()
		s.publish(s.overlay("KZ-1", "Changed"), author, one, two)
		is := Scenario{Path: missedStep, Headers: map[string]string{"If-None-Match": was.Header.Get("ETag")}, Status: 200,
			Contains: []string{`"title":"Changed"`, `"edition":"KZ-1"`}}.Run(t, s.url)
		if is.Header.Get("ETag") == was.Header.Get("ETag") {
			t.Error("the tag is the same")
		}
		Scenario{Path: missedStep, Headers: map[string]string{"If-None-Match": is.Header.Get("ETag")}, Status: 304}.Run(t, s.url)
		Scenario{Path: missedStep + "?edition=" + base, Status: 200, Contains: []string{`"editionState":"superseded"`}, Absent: []string{"Changed"}}.Run(t, s.url)
		Scenario{Path: "/api/v1/protocols/" + therapeutic + "?edition=KZ-1", Status: 200, Contains: []string{`"edition":"KZ-1"`}}.Run(t, s.url)
		Scenario{Path: missedStep + "?edition=KZ-9", Status: 404, Code: "edition.not_found"}.Run(t, s.url)
		s.publish(s.overlay("KZ-2", "Again"), author, one, two)
		Scenario{Path: editionsURL, Status: 200, Contains: []string{`"edition":"KZ-2"`, `"state":"superseded"`, `"builtIn":true`}, Absent: []string{"submittedBy"}}.Run(t, s.url)
		move("KZ-2", "withdrawal", one, 5).Run(t, s.url)
		Scenario{Path: missedStep, Status: 200, Contains: []string{`"edition":"KZ-1"`}}.Run(t, s.url)
		Scenario{Path: missedStep + "?edition=KZ-2", Status: 200, Contains: []string{`"editionState":"withdrawn"`, `"title":"Again"`}}.Run(t, s.url)
		a := Scenario{Path: editionsURL + "/KZ-1", Status: 200, Contains: []string{`"state":"published"`}}.Run(t, s.url)
		version, err := strconv.Atoi(strings.Trim(a.Header.Get("ETag"), `"`))
		if err != nil {
			t.Fatal(err)
		}
		move("KZ-1", "withdrawal", one, version).Run(t, s.url)
		back := Scenario{Path: missedStep, Status: 200, Contains: []string{`"edition":"` + base + `"`}}.Run(t, s.url)
		if back.Header.Get("ETag") != was.Header.Get("ETag") {
			t.Error("the built-in edition came back with another tag")
		}
		if stop(); reads.Load() == 0 {
			t.Error("nobody was reading")
		}
	})
}

// keepReading reads a step over and over: every answer is whole, whatever is published.
func (s *service) keepReading() (stop func(), reads *atomic.Int64) {
	var done atomic.Bool
	var wg sync.WaitGroup
	reads = new(atomic.Int64)
	for range 2 {
		wg.Go(func() {
			for !done.Load() {
				res, err := http.Get(s.url + missedStep)
				if err != nil {
					s.t.Errorf("a reader was cut off: %v", err)
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				changed, builtIn := strings.Contains(string(body), `"title":"Changed"`) || strings.Contains(string(body), `"title":"Again"`), strings.Contains(string(body), `-reference"`)
				if err != nil || res.StatusCode != http.StatusOK || changed == builtIn {
					s.t.Errorf("a reader got %d %v", res.StatusCode, err)
				}
				reads.Add(1)
			}
		})
	}
	return func() { done.Store(true); wg.Wait() }, reads
}

func TestEditions_OverlayDiffAndImpact(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service, c *storetest.Country) {
		author, one, two := s.editors(c)
		nurse, other := s.token("nurse", models.RoleNurse, c.Clinic), s.token("nurse-2", models.RoleNurse, c.Polyclinic)
		base := s.reference().Edition
		episode := s.episodeOf(nurse, "Аб")
		s.episodeOf(other, "Ве")
		b := s.overlay("KZ-1", "Changed")
		b.Files["overlay.yaml"] = "jurisdiction: KG\n"
		b.Files["steps/tp-oat.yaml"] = "steps:\n  - id: tp-oat-missed\n    who: [narcologist]\n    limits:\n      - {id: extra, kind: local, basis: editorial}\n"
		b.Files["text/en/changes.yaml"] = "steps:\n  tp-oat-missed:\n    title: Changed\n    limits: {extra: as the country says}\n"
		s.create(editionsURL, author, b).Run(t, s.url)
		impact := "/api/v1/protocols/" + therapeutic + "/impact?from=" + base + "&to=KZ-1"
		Scenario{Path: impact, Token: one, Status: 200, Contains: []string{`"steps":[{"step":"tp-oat-missed"`, `"episodes":null`}}.Run(t, s.url)
		Scenario{Path: impact, Token: nurse, Status: 404, Code: "edition.not_found"}.Run(t, s.url)
		s.signAndPublish("KZ-1", author, one, two)
		diff := "/api/v1/protocols/" + therapeutic + "/diff?from=" + base + "&to=KZ-1"
		Scenario{Path: diff, Status: 200, Contains: []string{
			`"from":"` + base + `","to":"KZ-1"`, `"kind":"role","step":"tp-oat-missed","path":"who"`, `"after":"narcologist","lang":null`,
			`"kind":"limit","step":"tp-oat-missed","path":"limits.extra","before":null`, `"kind":"wording","step":"tp-oat-missed","path":"title"`, `"after":"Changed","lang":"en"`,
		}, Absent: []string{"added", "removed", "tp-oat-dose"}}.Run(t, s.url)
		Scenario{Path: "/api/v1/protocols/" + therapeutic + "/diff?from=" + base, Status: 422, Code: "edition.required"}.Run(t, s.url)
		Scenario{Path: impact, Status: 401, Code: "token.invalid"}.Run(t, s.url)
		Scenario{Path: impact, Token: author, Status: 200, Contains: []string{`"steps":[{"step":"tp-oat-missed","kinds":["role","limit","wording"]}]`, `"episodes":null`}}.Run(t, s.url)
		Scenario{Path: impact, Token: nurse, Status: 200, Contains: []string{`"open":1`, episode}}.Run(t, s.url)
		Scenario{Path: impact, Token: other, Status: 200, Contains: []string{`"open":1`}, Absent: []string{episode}}.Run(t, s.url)
		// The open episode is where it was, until it is moved by somebody.
		Scenario{Path: "/api/v1/episodes/" + episode, Token: nurse, Status: 200, Contains: []string{`"edition":"` + base + `"`}}.Run(t, s.url)
		pin := Scenario{Method: "POST", Path: "/api/v1/episodes/" + episode + "/edition", Token: nurse, Body: `{"edition":"KZ-1"}`,
			Headers: map[string]string{"If-Match": `"1"`}, Status: 200, Contains: []string{`"edition":"KZ-1"`}}
		pin.Run(t, s.url)
		pin.Status, pin.Code, pin.Contains = 412, "precondition.version", nil
		pin.Run(t, s.url)
		pin.Token, pin.Status, pin.Code = other, 404, "episode.not_found"
		pin.Run(t, s.url)
		pin.Token, pin.Status, pin.Code = author, 403, "role.not_allowed"
		pin.Run(t, s.url)
		Scenario{Path: impact, Token: nurse, Status: 200, Contains: []string{`"open":0`, `"items":[]`}}.Run(t, s.url)
		// A new episode follows what is in force.
		if e := s.episodeOf(nurse, "Гд"); e == "" {
			t.Error("no episode")
		}
		Scenario{Path: "/api/v1/protocols/" + therapeutic + "/impact?from=KZ-1&to=" + base, Token: nurse, Status: 200, Contains: []string{`"open":2`}}.Run(t, s.url)
	})
}

// episodeOf registers a client and opens an episode.
func (s *service) episodeOf(token, initials string) string {
	s.t.Helper()
	var client struct{ Code string }
	s.create("/api/v1/clients", token, map[string]any{"country": "KZ", "sex": "F", "birthYear": 1990, "motherInitials": initials, "fatherInitials": "Ка"}).Run(s.t, s.url).Into(s.t, &client)
	var episode struct{ ID string }
	s.create("/api/v1/clients/"+client.Code+"/episodes", token, map[string]any{
		"startDate": "2026-10-01", "legalBasis": "voluntary", "previousTreatment": "1", "referralSource": "6", "primaryDrug": "11", "route": "1", "injecting": "2.3",
	}).Run(s.t, s.url).Into(s.t, &episode)
	return episode.ID
}

// Four MiB are let in, more is not.
func TestEditions_BodyLimit(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *service, c *storetest.Country) {
		author, _, _ := s.editors(c)
		big := s.create(editionsURL, author, bundle{Edition: "x", ChangeNote: "x", Files: map[string]string{"steps/a.yaml": strings.Repeat("a", 4<<20)}})
		big.Status, big.Code = 413, "body.too_large"
		big.Run(t, s.url)
		large := s.create(editionsURL, author, bundle{Edition: "x", ChangeNote: "x", Files: map[string]string{"steps/a.yaml": strings.Repeat("a", 3<<20)}})
		large.Status, large.Code, large.Contains = 422, "edition.content", []string{"is too large"}
		large.Run(t, s.url)
	})
}
