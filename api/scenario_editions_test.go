package api

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"jol/models"
)

const (
	therapeutic = "therapeutic-programme"
	protocolURL = "/api/v1/protocols/" + therapeutic
	editionsURL = protocolURL + "/editions"
	missedStep  = protocolURL + "/steps/tp-oat-missed"
)

// builtInEdition is the name of the edition that comes with the program.
var builtInEdition = func() string { name, _ := realCatalog().Edition(therapeutic); return name }()

// editors are an author and two more.
func (w *world) editors(t *testing.T) (author, one, two account) {
	t.Helper()
	at := func(n int) account { return w.at(t, models.RoleProtocolEditor, w.Ministry, n) }
	return at(1), at(2), at(3)
}

type bundle struct {
	Edition    string            `json:"edition"`
	Base       string            `json:"base"`
	ChangeNote string            `json:"changeNote"`
	Files      map[string]string `json:"files"`
}

// titled lays one changed title over the built-in edition.
func titled(edition, title string) bundle {
	return bundle{Edition: edition, Base: builtInEdition, ChangeNote: "One title.",
		Files: map[string]string{"text/en/changes.yaml": "steps: {tp-oat-missed: {title: " + title + "}}"}}
}

func importing(who account, b bundle, status int) Scenario {
	body, err := json.Marshal(b)
	if err != nil {
		panic(err)
	}
	return creating(who, editionsURL, string(body), status)
}

// acting is an action on an edition at a version.
func acting(edition, action string, who account, version int) Scenario {
	return changing(who, http.MethodPost, editionsURL+"/"+edition+"/"+action, strconv.Quote(strconv.Itoa(version)), "", http.StatusOK)
}

// publish takes an edition from import to publication.
func (w *world) publish(t *testing.T, b bundle) {
	t.Helper()
	author, _, _ := w.editors(t)
	w.run(t, importing(author, b, 201))
	w.signAndPublish(t, b.Edition)
}

func (w *world) signAndPublish(t *testing.T, edition string) {
	t.Helper()
	author, one, two := w.editors(t)
	w.run(t, acting(edition, "clinical-review", one, 1))
	w.run(t, acting(edition, "language-review", one, 2))
	w.run(t, acting(edition, "approval", two, 3))
	w.run(t, acting(edition, "publication", author, 4))
}

func TestEdition_ImportReportsEverythingAndKeepsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		author, _, _ := w.editors(t)
		var b bundle
		w.run(t, Scenario{Path: editionsURL + "/" + builtInEdition + "/bundle", Status: 200}).Into(t, &b)
		b.Edition, b.ChangeNote = "KZ-1", "Official."
		b.Files["steps/tp-oat.yaml"] = strings.NewReplacer("basis: seen", "basis: known", "to: [tp-oat-missed]", "to: [tp-oat-mist]").Replace(b.Files["steps/tp-oat.yaml"])
		unchanged := w.unwritten(t)
		b.Files["text/ru/broken.yaml"] = "steps: ["
		w.run(t, importing(author, b, 422).failing("edition.content", `"pointer":"/files/text~1ru~1broken.yaml"`, `"line":`, "not valid YAML", `"pointer":"/files/protocol.yaml"`))
		delete(b.Files, "text/ru/broken.yaml")
		b.Files["protocol.yaml"] = strings.Replace(b.Files["protocol.yaml"], "edition: "+builtInEdition, "edition: KZ-1", 1)
		a := w.run(t, importing(author, b, 422).failing("edition.content",
			`"pointer":"/files/steps~1tp-oat.yaml","code":"edition.content","line":`, "needs a basis", `unknown step \"tp-oat-mist\"`))
		var report struct{ Errors []models.FieldError }
		if a.Into(t, &report); len(report.Errors) < 5 {
			t.Errorf("only %d problems", len(report.Errors))
		}
		for _, bad := range []struct{ code, body string }{
			{"edition.name_form", `{"edition":"a b","changeNote":"x","files":{"a.yaml":"b"}}`},
			{"edition.path_form", `{"edition":"x","changeNote":"x","files":{"../a.yaml":"b"}}`},
			{"edition.file_not_text", `{"edition":"x","changeNote":"x","files":{"a.yaml":"\u0000"}}`},
			{"edition.files_required", `{"edition":"x","changeNote":"x","files":{}}`},
			{"edition.change_note_required", `{"edition":"x","changeNote":" ","files":{"a.yaml":"b"}}`},
			{"edition.base_unknown", `{"edition":"x","base":"nope","changeNote":"x","files":{"a.yaml":"b"}}`},
			{"edition.base_is_itself", `{"edition":"x","base":"x","changeNote":"x","files":{"a.yaml":"b"}}`},
		} {
			w.run(t, creating(author, editionsURL, bad.body, 422).failing(bad.code))
		}
		large := bundle{Edition: "x", ChangeNote: "x", Files: map[string]string{"steps/a.yaml": strings.Repeat("a", 3<<20)}}
		w.run(t, importing(author, large, 422).failing("edition.content", "is too large"))
		unchanged()
		w.refused(t, author, editionsURL+"/KZ-1", 404, "edition.not_found")
	})
}

func TestEdition_TwoPeopleApprove(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		author, one, two := w.editors(t)
		first := importing(author, titled("KZ-1", "Changed"), 201)
		first.Contains = []string{`"state":"draft"`, `"allowed":["clinical-review","withdrawal"]`}
		if a := w.run(t, first); a.Header.Get("Location") != editionsURL+"/KZ-1" || a.Header.Get("ETag") != `"1"` {
			t.Errorf("%v", a.Header)
		}
		if a := w.run(t, first); a.Header.Get("Idempotency-Replayed") != "true" {
			t.Error("not a replay")
		}
		w.run(t, importing(author, titled("KZ-1", "Changed"), 409).failing("edition.exists"))
		w.run(t, importing(author, bundle{Edition: builtInEdition, ChangeNote: "x", Files: map[string]string{"protocol.yaml": "slug: x\n"}}, 422).failing("edition.content"))
		w.run(t, acting("KZ-1", "clinical-review", author, 1).fails(409, "edition.two_people"))
		w.run(t, acting("KZ-1", "approval", one, 1).fails(409, "edition.not_possible", "possible now: clinical-review, withdrawal"))
		w.run(t, acting("KZ-1", "clinical-review", one, 1))
		w.run(t, acting("KZ-1", "language-review", author, 2).fails(409, "edition.two_people"))
		w.run(t, acting("KZ-1", "language-review", two, 2))
		w.run(t, acting("KZ-1", "approval", one, 3).fails(409, "edition.two_people"))
		w.run(t, acting("KZ-1", "approval", author, 3).fails(409, "edition.two_people"))
		w.run(t, acting("KZ-1", "approval", two, 3))
		w.get(t, two, editionsURL, `"KZ-1"`, `"state":"approved"`, `"clinicalReviewer":"`+string(one.ID)+`"`)
		w.get(t, two, editionsURL+"/KZ-1", `"approvedBy":"`+string(two.ID)+`"`, `"allowed":["publication","withdrawal"]`)
	})
}

// Until it is published an edition is for editors only, whoever else asks and however.
func TestEdition_DraftsAreForEditors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		author, one, _ := w.editors(t)
		w.run(t, importing(author, titled("KZ-1", "Changed"), 201))
		addresses := []string{missedStep + "?edition=KZ-1", protocolURL + "?edition=KZ-1", editionsURL + "/KZ-1", editionsURL + "/KZ-1/bundle", protocolURL + "/diff?to=KZ-1"}
		for _, who := range append(w.everyRole(t), account{}) {
			if who.Role == models.RoleProtocolEditor {
				continue
			}
			w.run(t, Scenario{Path: editionsURL, Token: who.Token, Status: 200, Absent: []string{"KZ-1", "submittedBy"}})
			for _, path := range addresses {
				w.refused(t, who, path, 404, "edition.not_found")
			}
		}
		for _, path := range append(addresses, editionsURL) {
			w.run(t, Scenario{Path: path, Token: "jol_wrong", Status: 401, Code: "token.invalid"})
			if a := w.get(t, one, path, "Changed"[:0]); a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be cached: %v", path, a.Header)
			}
		}
		w.get(t, one, missedStep+"?edition=KZ-1", `"title":"Changed"`, `"editionState":"draft"`)
		w.get(t, one, editionsURL+"/KZ-1/bundle", "text/en/changes.yaml", `"base":"`+builtInEdition+`"`)
		w.run(t, acting("KZ-1", "withdrawal", one, 1))
		w.run(t, Scenario{Path: editionsURL, Status: 200, Absent: []string{"KZ-1"}})
	})
}

// A publication is served at once under a new tag while somebody keeps reading, old
// editions stay readable by name, and withdrawals lead back step by step.
func TestEdition_PublishReadAndWithdraw(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		_, one, _ := w.editors(t)
		served := func(contains ...string) Answer {
			t.Helper()
			return w.run(t, Scenario{Path: missedStep, Status: 200, Contains: contains})
		}
		was := served(`"edition":"`+builtInEdition+`"`, `"editionState":"published"`)
		stop, reads := w.keepReading(t)
		w.publish(t, titled("KZ-1", "Changed"))
		is := w.run(t, Scenario{Path: missedStep, Headers: map[string]string{"If-None-Match": was.Header.Get("ETag")}, Status: 200,
			Contains: []string{`"title":"Changed"`, `"edition":"KZ-1"`}})
		if is.Header.Get("ETag") == was.Header.Get("ETag") {
			t.Error("the tag is the same")
		}
		if cached := was.Header.Get("Cache-Control"); cached != "public, no-cache" {
			t.Errorf("a cache may serve a withdrawn edition: %s", cached)
		}
		w.run(t, Scenario{Path: missedStep, Headers: map[string]string{"If-None-Match": is.Header.Get("ETag")}, Status: 304})
		w.run(t, Scenario{Path: missedStep + "?edition=" + builtInEdition, Status: 200, Contains: []string{`"editionState":"superseded"`}, Absent: []string{"Changed"}})
		w.run(t, Scenario{Path: protocolURL + "?edition=KZ-1", Status: 200, Contains: []string{`"edition":"KZ-1"`}})
		w.publish(t, titled("KZ-2", "Again"))
		w.run(t, Scenario{Path: editionsURL, Status: 200, Contains: []string{`"edition":"KZ-2"`, `"state":"superseded"`, `"builtIn":true`}, Absent: []string{"submittedBy"}})
		w.run(t, acting("KZ-2", "withdrawal", one, 5))
		served(`"edition":"KZ-1"`)
		w.run(t, Scenario{Path: missedStep + "?edition=KZ-2", Status: 200, Contains: []string{`"editionState":"withdrawn"`, `"title":"Again"`}})
		tag := w.run(t, Scenario{Path: editionsURL + "/KZ-1", Status: 200, Contains: []string{`"state":"published"`}}).Header.Get("ETag")
		w.run(t, changing(one, http.MethodPost, editionsURL+"/KZ-1/withdrawal", tag, "", 200))
		back := served(`"edition":"` + builtInEdition + `"`)
		if back.Header.Get("ETag") != was.Header.Get("ETag") {
			t.Error("the built-in edition came back under another tag")
		}
		w.run(t, changing(one, http.MethodPost, editionsURL+"/"+builtInEdition+"/withdrawal", `"1"`, "", 409).failing("edition.not_possible"))
		if stop(); reads.Load() == 0 {
			t.Error("nobody was reading")
		}
	})
}

// keepReading reads a step over and over: every answer is whole, whatever is published.
func (w *world) keepReading(t *testing.T) (stop func(), reads *atomic.Int64) {
	t.Helper()
	var done atomic.Bool
	var readers sync.WaitGroup
	reads = new(atomic.Int64)
	for range 2 {
		readers.Go(func() {
			for !done.Load() {
				res, err := http.Get(w.base + missedStep)
				if err != nil {
					t.Errorf("a reader was cut off: %v", err)
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				text := string(body)
				changed := strings.Contains(text, `"title":"Changed"`) || strings.Contains(text, `"title":"Again"`)
				if err != nil || res.StatusCode != http.StatusOK || changed == strings.Contains(text, `"edition":"`+builtInEdition+`"`) {
					t.Errorf("a reader got %d %v", res.StatusCode, err)
				}
				reads.Add(1)
			}
		})
	}
	return func() { done.Store(true); readers.Wait() }, reads
}

// A ministry asks a decision in its own words: the difference shows it, open episodes on
// that step are impacted, and the older translation no longer passes for one.
func TestEdition_ARewordedQuestionIsAChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		b := bundle{Edition: "KZ-Q", Base: builtInEdition, ChangeNote: "One question.",
			Files: map[string]string{"shared/text/en/questions.yaml": "questions: {tp-plan-goals: What does the person want?}\n"}}
		w.publish(t, b)
		w.run(t, Scenario{Path: protocolURL + "/diff", Status: 200, Contains: []string{
			`"changes":[{"kind":"wording","step":"tp-plan-goals","path":"question","before":"What does the client want from treatment?","after":"What does the person want?","lang":"en"}]`}})
		w.run(t, Scenario{Path: protocolURL + "/steps/tp-plan-goals?lang=kk", Status: 200, Contains: []string{`"question":"Клиент емнен не күтеді?"`, `"status":"stale"`}})
		w.run(t, Scenario{Path: protocolURL + "/steps/tp-plan-goals", Status: 200, Contains: []string{`"question":"What does the person want?"`}})
		author, _, _ := w.editors(t)
		b.Edition, b.Files = "KZ-F", map[string]string{"shared/text/en/facts.yaml": "facts:\n  pregnant: Expects a child\n"}
		w.run(t, importing(author, b, 422).fails(422, "edition.content"))
	})
}

func TestEdition_OverlayDiffImpactAndMovingEpisodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		author, one, _ := w.editors(t)
		nurse, other := w.at(t, models.RoleNurse, w.Clinic, 1), w.at(t, models.RoleNurse, w.Polyclinic, 1)
		episode := w.start(t, nurse, w.register(t, nurse, 1))
		w.start(t, other, w.register(t, other, 2))
		b := titled("KZ-1", "Changed")
		b.Files["overlay.yaml"] = "jurisdiction: KG\n"
		b.Files["steps/tp-oat.yaml"] = "steps:\n  - id: tp-oat-missed\n    who: [narcologist]\n    limits:\n      - {id: extra, kind: local, basis: editorial}\n"
		b.Files["text/en/changes.yaml"] = "steps:\n  tp-oat-missed:\n    title: Changed\n    limits: {extra: as the country says}\n"
		w.run(t, importing(author, b, 201))
		impact := protocolURL + "/impact?from=" + builtInEdition + "&to=KZ-1"
		w.get(t, one, impact, `"steps":[{"step":"tp-oat-missed","kinds":["role","limit","wording"]}]`, `"episodes":null`)
		w.refused(t, nurse, impact, 404, "edition.not_found")
		w.signAndPublish(t, "KZ-1")
		for _, path := range []string{protocolURL + "/diff", protocolURL + "/diff?from=" + builtInEdition + "&to=KZ-1"} {
			w.run(t, Scenario{Path: path, Status: 200, Contains: []string{
				`"from":"` + builtInEdition + `","to":"KZ-1"`, `"kind":"role","step":"tp-oat-missed","path":"who"`, `"after":"narcologist","lang":null`,
				`"kind":"limit","step":"tp-oat-missed","path":"limits.extra","before":null`, `"kind":"wording","step":"tp-oat-missed","path":"title"`, `"after":"Changed","lang":"en"`,
			}, Absent: []string{"added", "removed", "tp-oat-dose"}})
		}
		w.run(t, Scenario{Path: protocolURL + "/diff?to=KZ-9", Status: 404, Code: "edition.not_found"})
		w.get(t, author, impact, `"episodes":null`)
		w.get(t, nurse, impact, `"open":1`, episode)
		w.run(t, Scenario{Path: impact, Token: other.Token, Status: 200, Contains: []string{`"open":1`}, Absent: []string{episode}})
		// The open episode is where it was, until somebody moves it.
		w.get(t, nurse, "/api/v1/episodes/"+episode, `"edition":"`+builtInEdition+`"`)
		to := func(edition string) string { return object{"edition": edition}.String() }
		pin := changing(nurse, http.MethodPost, "/api/v1/episodes/"+episode+"/edition", `"1"`, to("KZ-1"), 200)
		w.run(t, pin.sending(to("KZ-9")).fails(422, "episode.edition_unknown"))
		w.run(t, pin.sending("{}").fails(422, "body.field_required"))
		if a := w.run(t, pin); a.Header.Get("ETag") != `"2"` || !strings.Contains(string(a.Body), `"edition":"KZ-1"`) {
			t.Errorf("%v %s", a.Header, a.Body)
		}
		w.run(t, pin.set("If-Match", `"2"`).fails(409, "episode.edition_same"))
		w.get(t, nurse, impact, `"open":0`, `"items":[]`)
		w.start(t, nurse, w.register(t, nurse, 3)) // a new one follows what is in force
		w.get(t, nurse, protocolURL+"/impact?from=KZ-1&to="+builtInEdition+"&limit=1", `"open":2`, `"next":"`)
		w.run(t, acting("KZ-1", "withdrawal", one, 5))
		w.run(t, pin.set("If-Match", `"2"`).sending(to(builtInEdition)).fails(200, ""))
		w.run(t, pin.set("If-Match", `"3"`).fails(422, "episode.edition_unknown"))
	})
}
