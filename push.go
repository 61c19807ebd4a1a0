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
	cmd := &cobra.Command{
		Use: "dhis2", Short: "Send a sealed release to a DHIS2", Args: cobra.NoArgs,
		Long: `Send the shown counts of a sealed release to POST /api/dataValueSets of a DHIS2.

Every value is first checked with dryRun=true; then, without --dry-run, those that
passed are sent. The report has a line for each value: imported, updated, ignored,
conflict or unclear. The metadata package (GET .../exports/dhis2-metadata) must have
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
			r, err := sendAs(cmd.Context(), s, c.Country, release)
			if err != nil {
				return err
			}
			sealed, err := exchange.NewSealed(r)
			if err != nil {
				return err
			}
			p := newPusher(target, user, secret)
			fates, err := p.push(cmd.Context(), sealed.DataValues().DataValues, dryRun)
			if reportErr := writeFates(cmd.OutOrStdout(), fates); err == nil {
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
	_ = cmd.MarkFlagRequired("release")
	_ = cmd.MarkFlagRequired("to")
	parent := &cobra.Command{Use: "push", Short: "Send a sealed release to another system"}
	parent.AddCommand(cmd)
	return parent
}

// sendAs reads a release to send; the audit trail names the system.
func sendAs(ctx context.Context, s *store.Store, country, id string) (*models.Release, error) {
	grants := models.Grants{models.CatIndicator: {models.Read: {models.Any}}}
	return s.For(models.System(country), grants, store.Request{ID: "command"}).SendRelease(ctx, id)
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
	value exchange.DataValue
	state string
	why   string
}

// The states of a value.
const (
	fateImported = "imported"
	fateUpdated  = "updated"
	fateIgnored  = "ignored"
	fateConflict = "conflict" // it names something that the DHIS2 does not know or take
	fateUnclear  = "unclear"  // the answer does not say
)

// writeFates writes the report: CSV, a line for each value.
func writeFates(out io.Writer, fates []fate) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{"state", "data_element", "period", "org_unit", "category_option_combo", "value", "reason"}) // Error below
	for _, f := range fates {
		_ = w.Write([]string{f.state, f.value.DataElement, f.value.Period, f.value.OrgUnit, f.value.CategoryOptionCombo, f.value.Value, f.why})
	}
	w.Flush()
	return w.Error()
}

func summaryOf(fates []fate, dryRun bool) string {
	n := map[string]int{}
	for _, f := range fates {
		n[f.state]++
	}
	text := fmt.Sprintf("%d values: %d imported, %d updated, %d ignored, %d in conflict, %d unclear",
		len(fates), n[fateImported], n[fateUpdated], n[fateIgnored], n[fateConflict], n[fateUnclear])
	if dryRun {
		text += " (dry run: nothing was changed)"
	}
	return text
}

// complaint is an error when not every value arrived.
func complaint(fates []fate) error {
	for _, f := range fates {
		if f.state != fateImported && f.state != fateUpdated {
			return errors.New("not every value was taken; see the report")
		}
	}
	return nil
}

// batchSize is how many values go in one request.
const batchSize = 500

// push checks every value and, unless it is a dry run, sends those that passed. What is
// known when it fails is in the fates.
func (p *pusher) push(ctx context.Context, values []exchange.DataValue, dryRun bool) ([]fate, error) {
	fates := make([]fate, len(values))
	for i, v := range values {
		fates[i] = fate{value: v, state: fateUnclear, why: "not sent"}
	}
	for from := 0; from < len(fates); from += batchSize {
		if err := p.check(ctx, fates[from:min(from+batchSize, len(fates))]); err != nil {
			return fates, err
		}
	}
	if dryRun {
		return fates, nil
	}
	var passed []int
	for i, f := range fates {
		if f.state == fateImported || f.state == fateUpdated {
			passed = append(passed, i)
		}
	}
	for len(passed) > 0 {
		batch := passed[:min(batchSize, len(passed))]
		if err := p.send(ctx, fates, batch, passed); err != nil {
			return fates, err
		}
		passed = passed[len(batch):]
	}
	return fates, nil
}

// check asks the DHIS2 what it would do with the values. It answers with counts and, in
// newer versions, with the positions of what it refuses; where that does not tell the fate
// of each value, the halves are asked again. A dry run changes nothing, so that asking
// twice gives the same answer.
func (p *pusher) check(ctx context.Context, fates []fate) error {
	a, err := p.post(ctx, valuesOf(fates), true)
	if err != nil {
		return err
	}
	if a.settle(fates) {
		return nil
	}
	if len(fates) == 1 {
		fates[0].state, fates[0].why = fateUnclear, "the answer has no counts"
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
	a, err := p.post(ctx, valuesOf(sent), false)
	if err != nil {
		for _, at := range batch { // they may have arrived
			fates[at].state, fates[at].why = fateUnclear, "no answer to the import"
		}
		for _, at := range rest[len(batch):] {
			fates[at].state, fates[at].why = fateUnclear, "not sent"
		}
		return err
	}
	imported, updated := 0, 0
	for _, f := range sent {
		if f.state == fateImported {
			imported++
		} else {
			updated++
		}
	}
	if c := a.ImportCount; c.Ignored == 0 && c.Imported == imported && c.Updated == updated {
		return nil
	}
	if !a.settle(sent) {
		why := fmt.Sprintf("checked as %d imported, %d updated; the import says %d imported, %d updated, %d ignored",
			imported, updated, a.ImportCount.Imported, a.ImportCount.Updated, a.ImportCount.Ignored)
		for i := range sent {
			sent[i].state, sent[i].why = fateUnclear, why
		}
	}
	for i, at := range batch {
		fates[at] = sent[i]
	}
	return nil
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

func newPusher(target *url.URL, user, secret string) *pusher {
	return &pusher{
		address: target.JoinPath("api", "dataValueSets").String(),
		auth: func(r *http.Request) {
			if user != "" {
				r.SetBasicAuth(user, secret)
			} else {
				r.Header.Set("Authorization", "ApiToken "+secret)
			}
		},
		client: &http.Client{Timeout: 2 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error {
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
