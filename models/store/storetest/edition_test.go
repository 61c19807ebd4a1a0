package storetest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
)

// editors are the author and two more.
type editors struct{ author, one, two Worker }

func (e editors) take(t testing.TB, b models.Bundle) *models.Edition {
	t.Helper()
	got, out, err := e.author.New().ImportEdition(ctx, b)
	must(t, err)
	if out.Replayed || got.State != models.EditionDraft || got.Version != 1 {
		t.Fatalf("%+v %+v", got, out)
	}
	return got
}

// sign takes a draft through every stage up to approval.
func (e editors) sign(t testing.TB, d *models.Edition) *models.Edition {
	t.Helper()
	for _, s := range []struct {
		by     Worker
		action string
	}{{e.one, "clinical-review"}, {e.two, "language-review"}, {e.two, "approval"}} {
		moved, err := s.by.On(d.Version).MoveEdition(ctx, d.Protocol, d.Edition, s.action)
		must(t, err)
		d = moved
	}
	return d
}

// publish imports, signs and publishes.
func (e editors) publish(t testing.TB, b models.Bundle) *models.Edition {
	t.Helper()
	d := e.sign(t, e.take(t, b))
	d, err := e.author.On(d.Version).MoveEdition(ctx, d.Protocol, d.Edition, "publication")
	must(t, err)
	return d
}

func (c *Country) state(t testing.TB, name string) string {
	t.Helper()
	return scan[string](t, c.World, "SELECT state FROM editions WHERE protocol = ? AND edition = ?", clinicProtocol, name)
}

func TestEdition_IsImportedSignedAndPublished(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		before := c.lastSeq(t)
		b := newEdition(t, "KZ-1")
		d := e.take(t, b)
		if d.Checksum != b.Checksum() || d.Jurisdiction != "KZ" || d.SubmittedBy != e.author.Actor.UserID {
			t.Fatalf("%+v", d)
		}
		_, err := e.author.On(1).MoveEdition(ctx, clinicProtocol, "KZ-1", "clinical-review")
		wantError(t, err, models.KindConflict, "edition.two_people")
		_, err = e.one.On(7).MoveEdition(ctx, clinicProtocol, "KZ-1", "clinical-review")
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		_, err = e.one.On(1).MoveEdition(ctx, clinicProtocol, "KZ-1", "publication")
		wantError(t, err, models.KindConflict, "edition.not_possible")
		d = e.sign(t, d)
		if d.ClinicalReviewer != e.one.Actor.UserID || d.ApprovedBy != e.two.Actor.UserID || d.State != models.EditionApproved {
			t.Fatalf("%+v", d)
		}
		p, err := c.Publications(ctx)
		must(t, err)
		if len(p.Served) != 0 || len(p.Editions) != 2 {
			t.Fatalf("%+v", p)
		}
		d, err = e.author.On(d.Version).MoveEdition(ctx, clinicProtocol, "KZ-1", "publication")
		must(t, err)
		after, err := c.Publications(ctx)
		must(t, err)
		if after.Seq != p.Seq+1 || after.Served.Top(clinicProtocol).Checksum() != b.Checksum() || len(after.Editions) != 3 || d.PublishedAt == nil {
			t.Fatalf("%d %+v", after.Seq, after.Editions)
		}
		if d.Beside[prisonProtocol] != builtInEdition || len(d.Beside) != 1 {
			t.Errorf("beside %v", d.Beside)
		}
		var actions []string
		for _, ev := range c.events(t, before) {
			actions = append(actions, ev.Action)
		}
		if want := []string{"edition.create", "edition.clinical_review", "edition.language_review", "edition.approval", "edition.publication"}; !slices.Equal(actions, want) {
			t.Errorf("audited %v", actions)
		}
	})
}

func TestEdition_IsRefusedWholeWithEveryProblem(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		b := newEdition(t, "KZ-1")
		b.Files["steps/first.yaml"] = strings.NewReplacer("to: [in-clinic-next]", "to: [in-clinic-none]", "who: [nurse", "who: [astronaut").Replace(b.Files["steps/first.yaml"])
		b.Files["extra.yaml"] = "a: b\n"
		events := c.lastSeq(t)
		_, _, err := e.author.New().ImportEdition(ctx, b)
		var refused *models.Error
		if !errors.As(err, &refused) || refused.Kind != models.KindInvalid || refused.Code != "edition.content" || len(refused.Fields) < 4 {
			t.Fatalf("got %v", err)
		}
		if n := count(t, c.World, "editions WHERE state <> 'reference'") + count(t, c.World, "idempotency_keys WHERE user_id = ?", e.author.Actor.UserID); n != 0 || c.lastSeq(t) != events {
			t.Error("something of it was kept")
		}
		for base, code := range map[string]string{"KZ-9": "edition.base_unknown"} {
			_, _, err := e.author.New().ImportEdition(ctx, models.Bundle{Protocol: clinicProtocol, Edition: "x", Base: base, ChangeNote: "x", Files: map[string]string{"overlay.yaml": "remove: []\n"}})
			wantError(t, err, models.KindInvalid, code)
		}
		e.take(t, newEdition(t, "KZ-draft"))
		_, _, err = e.author.New().ImportEdition(ctx, models.Bundle{Protocol: clinicProtocol, Edition: "x", Base: "KZ-draft", ChangeNote: "x", Files: map[string]string{"overlay.yaml": "remove: []\n"}})
		wantError(t, err, models.KindInvalid, "edition.base_unknown")
	})
}

func TestEdition_ImportIsRepeatableAndNamesAreTakenOnce(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		req := Key("bundle")
		first, out, err := e.author.With(req).ImportEdition(ctx, newEdition(t, "KZ-1"))
		must(t, err)
		again, replay, err := e.author.With(req).ImportEdition(ctx, newEdition(t, "KZ-1"))
		must(t, err)
		if out.Replayed || !replay.Replayed || out.Status != 201 || replay.Status != 201 || first.ID != again.ID {
			t.Errorf("%+v then %+v", out, replay)
		}
		_, _, err = e.author.New().ImportEdition(ctx, newEdition(t, "KZ-1"))
		wantError(t, err, models.KindConflict, "edition.exists")
		_, _, err = e.author.New().ImportEdition(ctx, newEdition(t, builtInEdition))
		wantError(t, err, models.KindConflict, "edition.exists")
		var made atomic.Int32
		together(4, func(int) {
			_, _, err := e.author.New().ImportEdition(ctx, newEdition(t, "KZ-2"))
			if err == nil {
				made.Add(1)
			} else if !models.IsKind(err, models.KindConflict) {
				t.Error(err)
			}
		})
		if made.Load() != 1 {
			t.Errorf("%d of one name", made.Load())
		}
	})
}

func TestEdition_SupersedesAndComesBackOnWithdrawal(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		served := func() string {
			t.Helper()
			p, err := c.Publications(ctx)
			must(t, err)
			return p.Served.Top(clinicProtocol).Edition
		}
		e.publish(t, newEdition(t, "KZ-1"))
		two := e.publish(t, overlay("KZ-2", "Changed"))
		if served() != "KZ-2" || c.state(t, "KZ-1") != models.EditionSuperseded {
			t.Fatal(served(), c.state(t, "KZ-1"))
		}
		two, err := e.one.On(two.Version).MoveEdition(ctx, clinicProtocol, "KZ-2", "withdrawal")
		must(t, err)
		if served() != "KZ-1" || two.WithdrawnAt == nil {
			t.Fatal(served())
		}
		version := scan[int64](t, c.World, "SELECT version FROM editions WHERE edition = 'KZ-1'")
		_, err = e.one.On(version).MoveEdition(ctx, clinicProtocol, "KZ-1", "withdrawal")
		must(t, err)
		if served() != "" {
			t.Fatalf("%s is served in the place of the built-in edition", served())
		}
		_, err = e.one.On(two.Version).MoveEdition(ctx, clinicProtocol, "KZ-2", "publication")
		wantError(t, err, models.KindConflict, "edition.not_possible")
		// What was in force stays readable by name.
		set, err := c.EditionSet(ctx, clinicProtocol, "KZ-2")
		must(t, err)
		if len(set[clinicProtocol]) != 2 || len(set) != 2 {
			t.Errorf("%d layers in %d protocols", len(set[clinicProtocol]), len(set))
		}
	})
}

// What is published must fit together, because branches lead from one protocol into the
// other.
func TestEdition_MustFitWhatIsServedBesideIt(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		added := models.Bundle{Protocol: prisonProtocol, Edition: "KZ-p", Base: builtInEdition, ChangeNote: "x", Files: map[string]string{
			"steps/first.yaml": "steps:\n" + stepYAML("in-prison-new", "[nurse]", "in-clinic-start"), "text/en/new.yaml": "steps:\n" + textYAML("in-prison-new", "New"),
		}}
		leans := overlay("KZ-1", "Changed")
		leans.Files["steps/first.yaml"] = "steps:\n  - id: in-clinic-next\n    branches: [{id: always, when: worse, to: [in-prison-new]}]\n"
		_, _, err := e.author.New().ImportEdition(ctx, leans)
		wantError(t, err, models.KindInvalid, "edition.content")
		pc := e.publish(t, added)
		tp := e.publish(t, leans)
		_, err = e.one.On(pc.Version).MoveEdition(ctx, pc.Protocol, pc.Edition, "withdrawal")
		wantError(t, err, models.KindConflict, "edition.does_not_fit")
		_, err = e.one.On(tp.Version).MoveEdition(ctx, tp.Protocol, tp.Edition, "withdrawal")
		must(t, err)
		_, err = e.one.On(pc.Version).MoveEdition(ctx, pc.Protocol, pc.Edition, "withdrawal")
		must(t, err)
		set, err := c.EditionSet(ctx, clinicProtocol, "KZ-1")
		must(t, err)
		if set.Top(pc.Protocol).Edition != "KZ-p" {
			t.Error("a withdrawn edition is no longer read beside the one it was published with")
		}
	})
}

func TestEdition_TamperedFilesAreRefused(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		e.publish(t, newEdition(t, "KZ-1"))
		_, err := c.sqlDB(t).ExecContext(ctx, "UPDATE edition_files SET content = replace(content, '20 mg', '200 mg') WHERE path = 'text/en/all.yaml' AND edition_id IN (SELECT id FROM editions WHERE edition = 'KZ-1')")
		must(t, err)
		_, err = c.Publications(ctx)
		wantError(t, err, models.KindUnavailable, "edition.checksum")
		_, err = c.EditionSet(ctx, clinicProtocol, "KZ-1")
		wantError(t, err, models.KindUnavailable, "edition.checksum")
		if _, err := protocols.NewLive(ctx, content, loaded(t), shelf(c.Store)); err == nil {
			t.Error("a process started on files that nobody approved")
		}
	})
}

func TestEdition_OnlyEditorsMoveOne(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		e.take(t, newEdition(t, "KZ-1"))
		for _, role := range []models.Role{models.RoleClinician, models.RoleAdministrator, models.RoleMinistryAnalyst} {
			_, err := c.As(role, c.Ministry).On(1).MoveEdition(ctx, clinicProtocol, "KZ-1", "clinical-review")
			wantError(t, err, models.KindNotFound, "edition.not_found")
		}
	})
}

func TestEdition_ReferencesAreRecordedOnce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		refs := references(t)
		together(4, func(int) {
			if _, err := c.RecordReferences(ctx, references(t)); err != nil {
				t.Error(err)
			}
		})
		if n := count(t, c.World, "editions WHERE state = 'reference'"); n != 2 {
			t.Fatalf("%d recorded", n)
		}
		refs[0].Files["protocol.yaml"] += "# changed\n"
		differs, err := c.RecordReferences(ctx, refs)
		must(t, err)
		if len(differs) != 1 || !strings.HasPrefix(differs[0], refs[0].Protocol) {
			t.Errorf("%v", differs)
		}
		// A newer program brings another edition: both can be read.
		refs = references(t)
		refs[1].Edition = "2099.1-reference"
		_, err = c.RecordReferences(ctx, refs)
		must(t, err)
		if n := count(t, c.World, "editions WHERE state = 'reference'"); n != 3 {
			t.Errorf("%d recorded", n)
		}
		_, err = c.As(models.RoleProtocolEditor, c.Ministry).On(1).MoveEdition(ctx, refs[1].Protocol, "2099.1-reference", "withdrawal")
		wantError(t, err, models.KindConflict, "edition.not_possible")
	})
}

// An open episode stays where it was pinned until somebody moves it.
func TestEpisode_StaysPinnedAndMovesExplicitly(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		n := Treatment(c.Today())
		n.Protocol = clinicProtocol
		ep, _, err := nurse.New().StartEpisode(ctx, handle, n, builtInEdition)
		must(t, err)
		one := e.publish(t, newEdition(t, "KZ-1"))
		got, err := nurse.New().GetEpisode(ctx, ep.ID)
		must(t, err)
		if got.Edition != builtInEdition {
			t.Fatalf("the publication moved it to %s", got.Edition)
		}
		_, err = nurse.On(9).MoveEpisode(ctx, ep.ID, "KZ-1")
		wantError(t, err, models.KindPreconditionFailed, "precondition.version")
		_, err = c.As(models.RoleNurse, c.Polyclinic).On(1).MoveEpisode(ctx, ep.ID, "KZ-1")
		wantError(t, err, models.KindNotFound, "episode.not_found")
		e.take(t, overlay("KZ-2", "x"))
		for _, unknown := range []string{"KZ-2", "KZ-9"} {
			_, err = nurse.On(1).MoveEpisode(ctx, ep.ID, unknown)
			wantError(t, err, models.KindInvalid, "episode.edition_unknown")
		}
		before := c.lastSeq(t)
		moved, err := nurse.On(1).MoveEpisode(ctx, ep.ID, "KZ-1")
		must(t, err)
		if moved.Edition != "KZ-1" || moved.Version != 2 || moved.ClientCode != handle {
			t.Fatalf("%+v", moved)
		}
		if ev := c.events(t, before); len(ev) != 1 || ev[0].Action != "episode.edition" || !slices.Equal(ev[0].Objects, []string{ep.ID, one.ID}) {
			t.Errorf("%+v", ev)
		}
		_, err = e.one.On(one.Version).MoveEdition(ctx, clinicProtocol, "KZ-1", "withdrawal")
		must(t, err)
		_, err = nurse.On(2).MoveEpisode(ctx, ep.ID, builtInEdition)
		must(t, err)
		_, err = nurse.On(3).MoveEpisode(ctx, ep.ID, "KZ-1") // withdrawn meanwhile
		wantError(t, err, models.KindInvalid, "episode.edition_unknown")
	})
}

// Nobody learns how many episodes of another organisation follow an edition.
func TestImpact_CountsOwnEpisodesOnly(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		for i, w := range []Worker{c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)} {
			n := Treatment(c.Today())
			n.Protocol = clinicProtocol
			_, _, err := w.New().StartEpisode(ctx, w.Register(i+1), n, "E1")
			must(t, err)
		}
		nurse := c.As(models.RoleNurse, c.Clinic)
		page, total, ok, err := nurse.New().EpisodesOn(ctx, clinicProtocol, "E1", store.Paging{Limit: 1})
		must(t, err)
		if !ok || total != 2 || len(page.Items) != 1 || page.Next == "" || page.Items[0].ClientCode == "" {
			t.Fatalf("%v %d %+v", ok, total, page)
		}
		page, _, _, err = nurse.New().EpisodesOn(ctx, clinicProtocol, "E1", store.Paging{Limit: 1, Cursor: page.Next})
		must(t, err)
		if len(page.Items) != 1 || page.Next != "" {
			t.Fatalf("%+v", page)
		}
		_, total, ok, err = nurse.New().EpisodesOn(ctx, clinicProtocol, "E2", store.Paging{Limit: 1})
		if err != nil || !ok || total != 0 {
			t.Errorf("%d %v %v", total, ok, err)
		}
		before := c.lastSeq(t)
		for _, role := range []models.Role{models.RoleProtocolEditor, models.RoleMinistryAnalyst, models.RoleAuditor} {
			_, total, ok, err := c.As(role, c.Ministry).New().EpisodesOn(ctx, clinicProtocol, "E1", store.Paging{Limit: 50})
			if err != nil || ok || total != 0 {
				t.Errorf("%s learns %d %v %v", role, total, ok, err)
			}
		}
		if c.lastSeq(t) != before {
			t.Error("nothing was read, yet a reading was recorded")
		}
	})
}

// Two processes on one database: what one publishes the other serves within a second,
// and nobody waits by sleeping.
func TestLive_TwoProcessesServeANewEditionWithinASecond(t *testing.T) {
	eachWithContent(t, func(t *testing.T, c *Country, e editors) {
		other, err := protocols.NewLive(ctx, content, loaded(t), shelf(c.openWithContent(t)))
		must(t, err)
		following := make(chan struct{})
		follow, stop := context.WithCancel(t.Context())
		go func() { other.Follow(follow, 100*time.Millisecond, slog.New(slog.DiscardHandler)); close(following) }()
		d := e.sign(t, e.take(t, overlay("KZ-1", "Changed")))
		changed := func(want string) time.Duration {
			began, look := time.Now(), time.NewTicker(time.Millisecond)
			defer look.Stop()
			for time.Since(began) < 10*time.Second {
				if got, _ := other.Catalog().Edition(clinicProtocol); got == want {
					return time.Since(began)
				}
				<-look.C
			}
			t.Fatalf("%s is never served", want)
			return 0
		}
		d, err = e.author.On(d.Version).MoveEdition(ctx, clinicProtocol, "KZ-1", "publication")
		must(t, err)
		took := changed("KZ-1")
		_, err = e.one.On(d.Version).MoveEdition(ctx, clinicProtocol, "KZ-1", "withdrawal")
		must(t, err)
		back := changed(builtInEdition)
		t.Logf("published after %v, withdrawn after %v", took, back)
		if took > time.Second || back > time.Second {
			t.Errorf("took %v and %v", took, back)
		}
		stop()
		<-following
	})
}
