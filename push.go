package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jol/models"
	"jol/models/exchange"
	"jol/models/protocols"
	"jol/models/store"
)

func pushCommand() *cobra.Command {
	var release, to, user, secretFile string
	var dryRun bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use: "dhis2", Short: "Send a sealed release to a DHIS2", Args: cobra.NoArgs,
		Long: `Send the shown counts of a sealed release to POST /api/dataValueSets of a DHIS2.

Every value is first checked with dryRun=true; then, without --dry-run, those that
passed are sent. What an earlier release for the same period showed and this one does
not is deleted there. The report has a line for each value: imported, updated, deleted,
ignored, conflict, not_sent, or unclear when it was sent and the answer does not tell. With
--dry-run the first three are would_import, would_update and would_delete.

An import that may have been taken is not sent again by itself. Running the command
again is safe: the same values written twice are the same values. The metadata package (GET .../exports/dhis2-metadata) must have
been imported there, and the places must have their ISO 3166 codes.

The secret comes from a file or from standard input, never from an argument: a
personal access token, or with --user that user's password.

Tested against a stand-in that follows the documented answers of DHIS2, never
against a running DHIS2: use --dry-run first.`,
		Example: "  jol push dhis2 --release KZ-2026Q1-final --to https://dhis2.example.org --dry-run <token",
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := targetOf(to)
			if err != nil {
				return err
			}
			secret, err := readSecret(cmd.InOrStdin(), secretFile)
			if err != nil {
				return err
			}
			c, s, err := openProduction(cmd.Context(), new(protocols.Plans))
			if err != nil {
				return err
			}
			defer s.Close()
			stale, values, err := sendAs(cmd.Context(), s, c.Country, release)
			if err != nil {
				return err
			}
			p := newPusher(target, user, secret, timeout)
			fates, err := p.push(cmd.Context(), stale, values, dryRun)
			if reportErr := writeFates(cmd.OutOrStdout(), fates, dryRun); err == nil {
				err = reportErr
			}
			fmt.Fprintln(cmd.ErrOrStderr(), summaryOf(fates, dryRun))
			if err == nil {
				err = complaint(fates)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&release, "release", "", "id of the release (required)")
	cmd.Flags().StringVar(&to, "to", "", "address of the DHIS2, without /api (required)")
	cmd.Flags().StringVar(&user, "user", "", "user whose password is the secret; without it the secret is a token")
	cmd.Flags().StringVar(&secretFile, "secret-file", "-", "file with the secret; - is standard input")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "check every value there, change nothing")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Minute, "how long to wait for the answer to one request of 500 values")
	_ = cmd.MarkFlagRequired("release")
	_ = cmd.MarkFlagRequired("to")
	parent := &cobra.Command{Use: "push", Short: "Send a sealed release to another system"}
	parent.AddCommand(cmd)
	return parent
}

// sendAs reads the values of a release to send, and those of earlier releases that it takes
// back; the audit trail names the system.
func sendAs(ctx context.Context, s *store.Store, country, id string) (stale, values []exchange.DataValue, err error) {
	grants := models.Grants{models.CatIndicator: {models.Read: {models.Any}}}
	r, before, err := s.For(models.System(country), grants, store.Request{ID: "command"}).SendRelease(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	sealed, err := exchange.NewSealed(r)
	if err != nil {
		return nil, nil, err
	}
	var earlier []*exchange.Sealed
	for i := range before {
		e, err := exchange.NewSealed(&before[i])
		if err != nil {
			return nil, nil, err
		}
		earlier = append(earlier, e)
	}
	return sealed.Stale(earlier), sealed.DataValues().DataValues, nil
}

// targetOf checks an address: https, or this machine.
func targetOf(to string) (*url.URL, error) {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("--to is the address of a DHIS2, for example https://dhis2.example.org; no user, password or query in it")
	}
	host := u.Host
	if u.Port() == "" {
		host += ":80"
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(host)) {
		return nil, errors.New("--to must begin with https: the secret would travel in the open")
	}
	return u, nil
}

// readSecret reads one line.
func readSecret(stdin io.Reader, file string) (string, error) {
	from := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		from = f
	}
	raw, err := io.ReadAll(io.LimitReader(from, 4096))
	if err != nil {
		return "", err
	}
	secret := strings.TrimRight(string(raw), "\r\n")
	if secret == "" || strings.ContainsAny(secret, "\r\n") {
		return "", errors.New("the secret is one line, on standard input or in --secret-file")
	}
	return secret, nil
}

// fate is what became of a value.
type fate struct {
	value  exchange.DataValue
	remove bool // an earlier release showed it and this one does not
	state  string
	why    string
}

// The states of a value.
const (
	fateImported = "imported"
	fateUpdated  = "updated"
	fateDeleted  = "deleted"
	fateIgnored  = "ignored"
	fateConflict = "conflict" // it names something that the DHIS2 does not know or take
	fateUnclear  = "unclear"  // it was sent and the answer does not say
	fateNotSent  = "not_sent" // the other system cannot have it from this run
)

// inDryRun are the states of what was only asked about: a report that is kept must not read
// as if the values had arrived.
var inDryRun = map[string]string{fateImported: "would_import", fateUpdated: "would_update", fateDeleted: "would_delete"}

// writeFates writes the report: CSV, a line for each value.
func writeFates(out io.Writer, fates []fate, dryRun bool) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{"state", "data_element", "period", "org_unit", "category_option_combo", "value", "reason"}) // Error below
	for _, f := range fates {
		if would := inDryRun[f.state]; dryRun && would != "" {
			f.state = would
		}
		_ = w.Write([]string{f.state, f.value.DataElement, f.value.Period, f.value.OrgUnit, f.value.CategoryOptionCombo, f.value.Value, exchange.Plain(f.why)})
	}
	w.Flush()
	return w.Error()
}

func summaryOf(fates []fate, dryRun bool) string {
	n := map[string]int{}
	for _, f := range fates {
		n[f.state]++
	}
	form := "%d values: %d imported, %d updated, %d deleted"
	if dryRun {
		form = "%d values: %d would be imported, %d would be updated, %d would be deleted"
	}
	text := fmt.Sprintf(form+", %d ignored, %d in conflict, %d unclear, %d not sent",
		len(fates), n[fateImported], n[fateUpdated], n[fateDeleted], n[fateIgnored], n[fateConflict], n[fateUnclear], n[fateNotSent])
	if dryRun {
		text += " (dry run: nothing was changed)"
	}
	return text
}

// complaint is an error when not every value arrived. One to delete that is ignored without a
// word was not there.
func complaint(fates []fate) error {
	for _, f := range fates {
		if !f.accepted() && !(f.remove && f.state == fateIgnored) {
			return errors.New("not every value was taken; see the report")
		}
	}
	return nil
}

// accepted reports whether the DHIS2 did, or in a dry run would do, what was asked.
func (f fate) accepted() bool {
	return f.state == fateImported || f.state == fateUpdated || f.state == fateDeleted
}

// batchSize is how many values go in one request.
const batchSize = 500

// push first deletes the stale values, then checks every value and, unless it is a dry run,
// sends those that passed. What is known when it fails is in the fates.
func (p *pusher) push(ctx context.Context, stale, values []exchange.DataValue, dryRun bool) ([]fate, error) {
	var fates []fate
	for _, v := range stale {
		fates = append(fates, fate{value: v, remove: true, state: fateNotSent})
	}
	for _, v := range values {
		fates = append(fates, fate{value: v, state: fateNotSent})
	}
	if err := p.run(ctx, fates[:len(stale)], dryRun); err != nil {
		return fates, err
	}
	return fates, p.run(ctx, fates[len(stale):], dryRun)
}

// run checks and sends values that all are to be deleted, or all to be written.
func (p *pusher) run(ctx context.Context, fates []fate, dryRun bool) error {
	for from := 0; from < len(fates); from += batchSize {
		if err := p.check(ctx, fates[from:min(from+batchSize, len(fates))]); err != nil {
			for i := range fates { // what passed so far was only asked about
				if fates[i].accepted() {
					fates[i].state, fates[i].why = fateNotSent, "the check did not end"
				}
			}
			return err
		}
	}
	if dryRun {
		return nil
	}
	var passed []int
	for i, f := range fates {
		if f.accepted() {
			passed = append(passed, i)
		}
	}
	for len(passed) > 0 {
		batch := passed[:min(batchSize, len(passed))]
		if err := p.send(ctx, fates, batch, passed); err != nil {
			return err
		}
		passed = passed[len(batch):]
	}
	return nil
}

// check asks the DHIS2 what it would do with the values. It answers with counts and, in
// newer versions, with the positions of what it refuses; where that does not tell the fate
// of each value, the halves are asked again. A dry run changes nothing, so that asking
// twice gives the same answer.
func (p *pusher) check(ctx context.Context, fates []fate) error {
	a, err := p.post(ctx, fates, true)
	if err != nil {
		return err
	}
	if a.settle(fates) {
		return nil
	}
	if len(fates) == 1 {
		fates[0].state, fates[0].why = fateNotSent, "the answer to the check has no counts"
		return nil
	}
	half := len(fates) / 2
	if err := p.check(ctx, fates[:half]); err != nil {
		return err
	}
	return p.check(ctx, fates[half:])
}

// send sends values that passed the check. The answer must agree with it; where it does
// not, and does not say about which value, all of the batch are unclear.
func (p *pusher) send(ctx context.Context, fates []fate, batch, rest []int) error {
	sent := make([]fate, len(batch))
	for i, at := range batch {
		sent[i] = fates[at]
	}
	a, err := p.post(ctx, sent, false)
	if err != nil {
		state, why := fateUnclear, "sent, and no answer tells whether it was taken; run the command again"
		if notTaken(err) {
			state, why = fateNotSent, "the request was refused whole"
		}
		for _, at := range batch {
			fates[at].state, fates[at].why = state, why
		}
		for _, at := range rest[len(batch):] {
			fates[at].state, fates[at].why = fateNotSent, "an earlier request failed"
		}
		return err
	}
	var want, got = countsOf(sent), a.counts()
	if got == want {
		return nil
	}
	if !a.settle(sent) {
		why := fmt.Sprintf("sent; checked as %s; the import says %s", want, got)
		for i := range sent {
			sent[i].state, sent[i].why = fateUnclear, why
		}
	}
	for i, at := range batch {
		fates[at] = sent[i]
	}
	return nil
}

// tally is how many values met which fate.
type tally struct{ imported, updated, deleted, ignored int }

func (t tally) String() string {
	return fmt.Sprintf("%d imported, %d updated, %d deleted, %d ignored", t.imported, t.updated, t.deleted, t.ignored)
}

// countsOf is what the check has promised.
func countsOf(fates []fate) (t tally) {
	for _, f := range fates {
		switch f.state {
		case fateImported:
			t.imported++
		case fateUpdated:
			t.updated++
		case fateDeleted:
			t.deleted++
		}
	}
	return t
}

func valuesOf(fates []fate) []exchange.DataValue {
	values := make([]exchange.DataValue, len(fates))
	for i, f := range fates {
		values[i] = f.value
	}
	return values
}

// pusher speaks to one DHIS2.
type pusher struct {
	address string
	auth    func(*http.Request)
	client  *http.Client
	pause   func(context.Context, time.Duration) error
}

func newPusher(target *url.URL, user, secret string, timeout time.Duration) *pusher {
	return &pusher{
		address: target.JoinPath("api", "dataValueSets").String(),
		auth: func(r *http.Request) {
			if user != "" {
				r.SetBasicAuth(user, secret)
			} else {
				r.Header.Set("Authorization", "ApiToken "+secret)
			}
		},
		client: &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // to a sign-in page; the secret goes nowhere else
		}},
		pause: func(ctx context.Context, d time.Duration) error {
			t := time.NewTimer(d)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
				return nil
			}
		},
	}
}
