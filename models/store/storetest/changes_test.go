package storetest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// feed reads one large page of a change feed.
func (c *Country) feed(t testing.TB, w Worker, since string) store.Page[store.Change] {
	t.Helper()
	page, err := w.New().ListChanges(ctx, store.Paging{Limit: 200, Cursor: since})
	must(t, err)
	return page
}

func kinds(items []store.Change) (out []string) {
	for _, i := range items {
		out = append(out, i.Kind)
	}
	return out
}

func wantFeed(t *testing.T, got store.Page[store.Change], want ...store.Change) {
	t.Helper()
	if fmt.Sprint(got.Items) != fmt.Sprint(want) {
		t.Errorf("feed is %+v, want %+v", got.Items, want)
	}
}

func TestChanges_BothPartiesOfAReferral(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		stranger := c.As(models.RoleNGOOutreach, c.OtherNGO)
		handle := nurse.Register(1)
		k := nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		r := nurse.Refer(handle, Asking(c.Polyclinic))
		start := c.feed(t, nurse, "")
		wantFeed(t, start, store.Change{Kind: "client", ID: handle}, store.Change{Kind: "consent", ID: k.ID}, store.Change{Kind: "referral", ID: r.ID})
		theirs := c.feed(t, other, "")
		wantFeed(t, theirs, store.Change{Kind: "referral", ID: r.ID})
		wantFeed(t, c.feed(t, stranger, ""))
		// Nothing new, then one move: each record once.
		wantFeed(t, c.feed(t, nurse, start.Next))
		moved := other.Move(other.Move(r, "receipt"), "acceptance")
		wantFeed(t, c.feed(t, nurse, start.Next), store.Change{Kind: "client", ID: handle}, store.Change{Kind: "referral", ID: r.ID})
		wantFeed(t, c.feed(t, other, theirs.Next), store.Change{Kind: "client", ID: moved.ClientCode}, store.Change{Kind: "referral", ID: r.ID})
		// The consent ends: the receiver deletes its copy, the sender reads again.
		before, at := c.feed(t, nurse, ""), c.feed(t, other, "")
		nurse.Withdraw(k.ID)
		wantFeed(t, c.feed(t, other, at.Next), store.Change{Kind: "gone", Was: "referral", ID: r.ID})
		if got := kinds(c.feed(t, nurse, before.Next).Items); !slices.Equal(got, []string{"consent", "referral"}) && !slices.Equal(got, []string{"referral", "consent"}) {
			t.Errorf("the sender is told %v", got)
		}
		wantFeed(t, c.feed(t, stranger, ""))
	})
}

// A consent with categories opens records of the person: its recipient is told by the name
// of its own client, and nobody else is.
func TestChanges_RecipientsOfAConsent(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		ngo, nurse := c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleNurse, c.Clinic)
		third := c.As(models.RoleNurse, c.Polyclinic)
		ngoCode, code, _ := c.Joined(ngo, nurse, 1, c.Clinic) // the clinic treats the NGO's client
		third.Register(1)                                     // the same code, another person: no act of care
		for _, ended := range []string{"withdrawn", "expired"} {
			n := models.NewConsent{Purpose: models.PurposeReferral, RecipientID: c.NGO.ID, Categories: []models.Category{models.CatTreatmentFact}, Until: c.Today().AddDays(10)}
			at, atThird := c.feed(t, ngo, ""), c.feed(t, third, "")
			k, _, err := nurse.New().GiveConsent(ctx, code, n)
			must(t, err)
			own := store.Change{Kind: "client", ID: ngoCode}
			opened := c.feed(t, ngo, at.Next)
			wantFeed(t, opened, own)
			e := nurse.Start(code)
			wantFeed(t, c.feed(t, ngo, opened.Next), own)
			at = c.feed(t, ngo, "")
			var gone []store.Change
			for _, id := range c.strings(t, "SELECT id FROM episodes ORDER BY id") {
				gone = append(gone, store.Change{Kind: "gone", Was: "episode", ID: id})
			}
			if ended == "withdrawn" {
				nurse.Withdraw(k.ID)
			} else {
				c.Advance(12 * 24 * time.Hour)
			}
			lost := c.feed(t, ngo, at.Next)
			wantFeed(t, lost, append(gone, own)...)
			wantFeed(t, c.feed(t, ngo, lost.Next)) // said once
			wantFeed(t, c.feed(t, third, atThird.Next))
			must(t, second2(nurse.On(e.Version).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})))
			wantFeed(t, c.feed(t, ngo, lost.Next)) // what happens after is not theirs to know
		}
	})
}

func TestChanges_RestrictedToWhatTheRoleReads(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		handle := nurse.Register(1)
		nurse.Start(handle)
		if got := kinds(c.feed(t, nurse, "").Items); !slices.Equal(got, []string{"client", "task", "episode"}) {
			t.Errorf("the nurse is told %v", got)
		}
		for _, role := range []models.Role{models.RoleAdministrator} {
			wantFeed(t, c.feed(t, c.As(role, c.Clinic), ""))
		}
		for _, w := range []Worker{c.As(models.RolePrisonSecurity, c.Colony), c.As(models.RoleMinistryAnalyst, c.Ministry), c.As(models.RoleAuditor, c.Ministry)} {
			wantFeed(t, c.feed(t, w, ""))
		}
	})
}

func TestChanges_CursorIsTheCallersAndPages(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		want := map[string]bool{}
		for i := range 7 {
			want[nurse.Register(i+1)] = true
		}
		got, cursor := map[string]bool{}, ""
		for range 10 {
			page, err := nurse.New().ListChanges(ctx, store.Paging{Limit: 3, Cursor: cursor})
			must(t, err)
			for _, item := range page.Items {
				got[item.ID] = true
			}
			cursor = page.Next
			if len(page.Items) == 0 {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", got, want)
		}
		for _, stolen := range []string{cursor, "x", cursor + "x"} {
			_, err := nurse.Colleague().New().ListChanges(ctx, store.Paging{Limit: 3, Cursor: stolen})
			wantError(t, err, models.KindInvalid, "cursor.invalid")
		}
		c.Advance((models.FeedDays + 2) * 24 * time.Hour)
		_, err := nurse.New().ListChanges(ctx, store.Paging{Limit: 3, Cursor: cursor})
		wantError(t, err, models.KindInvalid, "changes.too_old")
	})
}

// A slow writer against a fast reader: whoever follows the cursor misses nothing, although
// sequence numbers are taken before commits.
func TestChanges_SlowWriterFastReader(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		const writers, rounds = 12, 6
		var mu sync.Mutex
		want := map[string]bool{}
		var done atomic.Bool
		var wg sync.WaitGroup
		nurse := c.As(models.RoleNurse, c.Clinic)
		read, cursor := map[string]bool{}, ""
		follow := func() int {
			page, err := nurse.New().ListChanges(ctx, store.Paging{Limit: 5, Cursor: cursor})
			if err != nil {
				t.Errorf("read: %v", err)
				done.Store(true)
				return 0
			}
			for _, item := range page.Items {
				read[item.ID] = true
			}
			cursor = page.Next
			return len(page.Items)
		}
		wg.Go(func() {
			for !done.Load() {
				follow()
			}
		})
		together(writers, func(i int) {
			for n := range rounds {
				client, _, err := nurse.New().RegisterClient(ctx, Someone(i*100+n))
				if err != nil {
					t.Errorf("write: %v", err)
					return
				}
				mu.Lock()
				want[client.Handle()] = true
				mu.Unlock()
			}
		})
		done.Store(true)
		wg.Wait()
		for follow() > 0 {
		}
		for code := range want {
			if !read[code] {
				t.Errorf("the reader never saw %s", code)
			}
		}
		if len(want) != writers*rounds {
			t.Errorf("%d written", len(want))
		}
	})
}

// A kind that the code tells and the list does not know is told to nobody: a mistake that
// nobody would see.
func TestChanges_EveryKindToldIsListed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*.go")
	must(t, err)
	found := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		must(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			sel, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "tell" && sel.Sel.Name != "gone" {
				return true
			}
			if lit, ok := call.Args[0].(*ast.BasicLit); ok {
				found++
				kind, _ := strconv.Unquote(lit.Value)
				if _, ok := models.FeedKinds[kind]; !ok {
					t.Errorf("kind %q is told, and is not in models.FeedKinds", kind)
				}
			}
			return true
		})
	}
	if found < 10 {
		t.Errorf("only %d calls found", found)
	}
}

// Entries are of many categories: each is told to the roles that read its own, and not that
// there is one to the others.
func TestChanges_EntriesByTheirCategory(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, social := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleSocialWorker, c.Clinic)
		nurse.Register(1)
		client := scan[string](t, c.World, "SELECT id FROM clients")
		for _, category := range []string{"drugTest", "attendance"} {
			c.plant(t, "entries", map[string]any{"entry_id": category, "client_id": client, "organisation_id": string(c.Clinic.ID), "category": category, "kind": category})
			c.plant(t, "changes", map[string]any{"kind": "entry", "record_id": category, "organisation_id": string(c.Clinic.ID)})
		}
		told := func(w Worker) (ids []string) {
			for _, item := range c.feed(t, w, "").Items {
				if item.Kind == "entry" {
					ids = append(ids, item.ID)
				}
			}
			return ids
		}
		if got := told(nurse); !slices.Equal(got, []string{"drugTest", "attendance"}) {
			t.Errorf("the nurse is told %v", got)
		}
		if got := told(social); !slices.Contains(got, "attendance") {
			t.Errorf("the social worker is told %v", got)
		}
		if got := told(c.As(models.RoleAdministrator, c.Clinic)); got != nil {
			t.Errorf("the administrator is told %v", got)
		}
	})
}
