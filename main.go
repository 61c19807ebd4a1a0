// Jol is a treatment case-management and protocol reference service for drug
// dependence programmes in Central Asia. main wires the packages and holds the
// commands; `jol help` lists them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"jol/api"
	"jol/migrations"
	"jol/models"
	"jol/models/indicators"
	"jol/models/protocols"
	"jol/models/store"
	"jol/models/synthetic"
	"jol/policies"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := commands().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "jol:", err)
		os.Exit(1)
	}
}

func commands() *cobra.Command {
	root := &cobra.Command{Use: "jol", Short: "Treatment case management and protocol reference", SilenceUsage: true, SilenceErrors: true}
	user := &cobra.Command{Use: "user", Short: "Manage accounts from the server"}
	user.AddCommand(userAddCommand())
	keys := &cobra.Command{Use: "keys", Short: "Manage the key file"}
	keys.AddCommand(&cobra.Command{
		Use: "new FILE", Short: "Make a key file with fresh keys", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return writeKeys(args[0]) },
	})
	root.AddCommand(serveCommand(), demoCommand(), migrateCommand(), sealCommand(), pushCommand(), checkCommand(), protocolCommand(), retentionCommand(), eraseCommand(), denominatorsCommand(), user, keys)
	return root
}

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run the service; settings come from JOL_ variables (see jol check)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plans := new(protocols.Plans)
			c, s, err := openProduction(cmd.Context(), plans)
			if err != nil {
				return err
			}
			defer s.Close()
			listener, err := new(net.ListenConfig).Listen(cmd.Context(), "tcp", c.Addr)
			if err != nil {
				return err
			}
			logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
			limits := api.DefaultLimits()
			limits.Proxies = c.Behind
			handler, err := assemble(cmd.Context(), s, plans, logger, limits, api.Version{Country: c.Country})
			if err != nil {
				return err
			}
			logger.Info("listening", "address", c.Addr, "country", c.Country)
			defer logger.Info("stopped")
			defer startDelivery(cmd.Context(), s, newCourier(c.webhooks(), c.mailbox()), logger)()
			return api.Serve(cmd.Context(), listener, handler, api.ServeOptions{Logger: logger, CertFile: c.TLSCert, KeyFile: c.TLSKey, Drain: drain})
		},
	}
}

// drain is how long requests in flight may take after SIGTERM.
const drain = 20 * time.Second

// openProduction opens the configured database after everything that would make it
// unsafe has been refused.
func openProduction(ctx context.Context, plans *protocols.Plans) (config, *store.Store, error) {
	c, err := loadConfig()
	if err != nil {
		return c, nil, err
	}
	if problems := c.problems(); len(problems) > 0 {
		return c, nil, errors.New("refusing to start:\n  - " + strings.Join(problems, "\n  - "))
	}
	s, err := open(c, plans)
	if err != nil {
		return c, nil, err
	}
	if err := suitable(ctx, s); err != nil {
		return c, nil, errors.Join(err, s.Close())
	}
	return c, s, nil
}

// open opens the database. plans gets its editions when the service is assembled; commands
// that start no episode pass an empty one.
func open(c config, plans *protocols.Plans) (*store.Store, error) {
	keys, err := readKeys(c.KeysFile)
	if err != nil {
		return nil, err
	}
	return store.Open(store.Options{
		URL: c.DatabaseURL, Country: c.Country, Zone: models.Zone(c.Country, ""), Keys: keys, Clock: models.Now, Sealer: indicators.BeginUnder(c.rules()),
		Editions: protocols.Check(protocols.Embedded()), Scoring: protocols.Scoring(protocols.Embedded()), Planner: plans.Planner(), Ledger: c.Ledger, RegistrationsPerDay: c.RegistrationsPerDay, TokenLife: c.TokenLife,
		Webhooks: c.webhooks(),
	})
}

// suitable refuses a schema of another version and the data of the demo.
func suitable(ctx context.Context, s *store.Store) error {
	db, dialect, err := s.Pool()
	if err != nil {
		return err
	}
	if err := migrations.Check(ctx, db, dialect); err != nil {
		return err
	}
	if err := s.ClaimDeployment(ctx); err != nil {
		return err
	}
	for _, mark := range []string{synthetic.Mark, store.MarkImporting} {
		if _, marked, err := s.DeploymentMark(ctx, mark); err != nil || marked {
			return errors.Join(err, errors.New("this database holds synthetic data of `jol demo`, or half an import: it is never served as production"))
		}
	}
	return nil
}

// assemble wires the HTTP service. The context ends the follower of publications.
func assemble(ctx context.Context, s *store.Store, plans *protocols.Plans, logger *slog.Logger, limits api.Limits, version api.Version) (http.Handler, error) {
	gate, err := policies.New()
	if err != nil {
		return nil, err
	}
	live, err := liveProtocols(ctx, s, logger)
	if err != nil {
		return nil, err
	}
	go func() {
		<-live.Catalog().StartIndex()
		debug.FreeOSMemory() // reading YAML left two thirds of the heap behind; nothing else asks for it soon
	}()
	plans.Use(live)
	version.Version, version.Commit = build()
	return api.New(api.Deps{
		Store: s, Accounts: store.NewAccounts(s), Policies: gate, Protocols: live,
		Logger: logger, Limits: limits, Version: version,
	}), nil
}

// build tells version and commit as Go recorded them.
func build() (version, commit string) {
	version, commit = "devel", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value
		}
	}
	return version, commit
}

func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the database schema to this binary's version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig()
			if err != nil {
				return err
			}
			if problems := c.problems(); len(problems) > 0 {
				return errors.New("refusing:\n  - " + strings.Join(problems, "\n  - "))
			}
			s, err := open(c, new(protocols.Plans))
			if err != nil {
				return err
			}
			defer s.Close()
			n, err := migrate(cmd.Context(), s)
			fmt.Fprintf(cmd.OutOrStdout(), "%d migrations applied\n", n)
			return err
		},
	}
}

func migrate(ctx context.Context, s *store.Store) (int, error) {
	db, dialect, err := s.Pool()
	if err != nil {
		return 0, err
	}
	return migrations.Up(ctx, db, dialect)
}

func sealCommand() *cobra.Command {
	var req models.SealRequest
	cmd := &cobra.Command{
		Use: "seal", Short: "Seal an indicator release", Args: cobra.NoArgs,
		Long: "Seal a release, once and for ever, for both profiles from one counting unless --profile names one (a revision has no\nopen data). " +
			"The order is provisional, final, annual, revision: once a later one of the period or its year is sealed, the\nearlier ones are refused.",
		Example: "  jol seal --period 2026Q1 --status final\n  jol seal --period 2025 --status revision",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := openProduction(cmd.Context(), new(protocols.Plans))
			if err != nil {
				return err
			}
			defer s.Close()
			req.Country = c.Country
			r, err := sealAs(cmd.Context(), s, req)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "sealed %s: %d tables, sha256 %s\n", r.ID, len(r.Tables), r.SHA256)
			for _, other := range req.Each()[1:] {
				fmt.Fprintln(cmd.OutOrStdout(), "sealed", other.ReleaseID(), "from the same counting")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&req.Period, "period", "", "2026Q1 or 2026 (required)")
	cmd.Flags().StringVar(&req.Status, "status", "", "provisional or final of a quarter, annual or revision of a year (required)")
	cmd.Flags().StringVar(&req.Profile, "profile", models.ProfileBoth, "ministry, open_data or both")
	_ = cmd.MarkFlagRequired("period")
	_ = cmd.MarkFlagRequired("status")
	return cmd
}

func denominatorsCommand() *cobra.Command {
	parent := &cobra.Command{Use: "denominators", Short: "Population estimates that rates are divided by"}
	parent.AddCommand(&cobra.Command{
		Use: "import FILE.csv", Short: "Load estimates, all of them or none", Args: cobra.ExactArgs(1),
		Long: "The file has the header country,region,year,kind,value,low,high,source,method. Numbers are whole. A source, which names no person,\n" +
			"and the interval it states are required. Kinds: " + strings.Join(models.EstimateKinds(), ", ") + ".\n" +
			"All problems are told at once, by line of the file. An estimate of the same place, year and kind is replaced.",
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			c, s, err := openProduction(cmd.Context(), new(protocols.Plans))
			if err != nil {
				return err
			}
			defer s.Close()
			all, err := models.ReadEstimates(file, c.Country, models.DateOf(models.Now(), models.Zone(c.Country, "")))
			if err != nil {
				return explain(err)
			}
			request := store.Request{ID: "command", Key: "denominators " + time.Now().UTC().Format(time.RFC3339Nano), BodyHash: "command"}
			if _, err := s.For(models.System(c.Country), nil, request).LoadDenominators(cmd.Context(), all); err != nil {
				return explain(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "loaded %d estimates\n", len(all))
			return nil
		},
	})
	return parent
}

// sealAs seals from the command line: the audit trail names the system.
func sealAs(ctx context.Context, s *store.Store, req models.SealRequest) (*models.Release, error) {
	request := store.Request{ID: "command", Key: "seal " + req.ReleaseID() + time.Now().UTC().Format(time.RFC3339Nano), BodyHash: "command"}
	r, _, err := s.For(models.System(req.Country), nil, request).SealRelease(ctx, req)
	return r, err
}

func checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Print the configuration, secrets hidden, and what would fail", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig()
			if err != nil {
				return err
			}
			c.print(cmd.OutOrStdout())
			problems := c.problems()
			if len(problems) == 0 {
				problems = checkDatabase(cmd.Context(), c)
			}
			if len(problems) > 0 {
				return errors.New("the service would not start:\n  - " + strings.Join(problems, "\n  - "))
			}
			fmt.Fprintln(cmd.OutOrStdout(), "\neverything is in place")
			return nil
		},
	}
}

func checkDatabase(ctx context.Context, c config) []string {
	s, err := open(c, new(protocols.Plans))
	if err != nil {
		return []string{err.Error()}
	}
	defer s.Close()
	if err := suitable(ctx, s); err != nil {
		return []string{err.Error()}
	}
	if _, err := loadProtocols(ctx, s); err != nil {
		return []string{err.Error()}
	}
	return nil
}

func userAddCommand() *cobra.Command {
	var n models.NewUser
	var role, organisation string
	cmd := &cobra.Command{
		Use: "add USERNAME", Short: "Add an account; the password is read from standard input", Args: cobra.ExactArgs(1),
		Long: "Add an account. Without --organisation the ministry of the country is used, and made if there is none:\nthat is how the first administrator comes to be.",
		RunE: func(cmd *cobra.Command, args []string) error {
			_, s, err := openProduction(cmd.Context(), new(protocols.Plans))
			if err != nil {
				return err
			}
			defer s.Close()
			password, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1000))
			if err != nil {
				return err
			}
			n.Username, n.Password, n.Role = args[0], strings.TrimRight(string(password), "\r\n"), models.Role(role)
			if n.OrganisationID = models.OrganisationID(organisation); organisation == "" {
				if n.OrganisationID, err = s.EnsureMinistry(cmd.Context()); err != nil {
					return err
				}
			}
			u, err := s.AddUser(cmd.Context(), n)
			if err != nil {
				return explain(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "added %s as %s\n", u.Username, u.Role)
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", string(models.RoleAdministrator), "role of the account")
	cmd.Flags().StringVar(&organisation, "organisation", "", "organisation id")
	return cmd
}

// explain adds the refused fields to an error, for a terminal.
func explain(err error) error {
	var e *models.Error
	if !errors.As(err, &e) {
		return err
	}
	for _, f := range e.Fields {
		err = fmt.Errorf("%w\n  %s: %s", err, f.Pointer, f.Code)
	}
	return err
}

// demo is what `jol demo` was asked for.
type demo struct {
	addr, data string
	clients    int
	seed       uint64
}

func demoCommand() *cobra.Command {
	var d demo
	cmd := &cobra.Command{
		Use: "demo", Short: "Serve a synthetic country on embedded SQLite; needs nothing, keeps nothing secret", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	cmd.Flags().StringVar(&d.addr, "addr", "127.0.0.1:8080", "address to listen on (loopback only: demo accounts are public)")
	cmd.Flags().StringVar(&d.data, "data", "data", "folder of the database")
	cmd.Flags().IntVar(&d.clients, "clients", 2000, "clients of the synthetic country, when the database is empty")
	cmd.Flags().Uint64Var(&d.seed, "seed", 1, "same seed, same data")
	return cmd
}

func (d demo) run(ctx context.Context, out io.Writer) error {
	if !loopback(d.addr) {
		return errors.New("the demo listens on loopback only: its passwords are public")
	}
	if d.clients < 1 || d.clients > 1_000_000 {
		return errors.New("--clients must lie between 1 and 1000000")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", d.addr)
	if err != nil {
		return fmt.Errorf("%w (choose another with --addr)", err)
	}
	defer listener.Close()
	if err := os.MkdirAll(d.data, 0o700); err != nil {
		return err
	}
	plans := new(protocols.Plans)
	s, err := store.Open(store.Options{
		URL: "sqlite:" + filepath.Join(d.data, "jol.db"), Country: "KZ", Zone: "Asia/Almaty", Keys: demoKeys(), Clock: models.Now,
		Sealer: indicators.Begin, Editions: protocols.Check(protocols.Embedded()), Scoring: protocols.Scoring(protocols.Embedded()), Planner: plans.Planner(), Ledger: filepath.Join(d.data, "releases.ledger"), RegistrationsPerDay: 1_000_000, TokenLife: 24 * time.Hour,
		Webhooks: demoWebhooks,
	})
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := migrate(ctx, s); err != nil {
		return err
	}
	if err := d.seedOnce(ctx, s, os.Stderr); err != nil {
		return err
	}
	if err := sealDemo(ctx, s, bar(os.Stderr, "sealing releases ")); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(d.data, "access.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	logger := slog.New(slog.NewJSONHandler(log, nil)) // the terminal is for the printed calls
	limits := api.DefaultLimits()
	limits.Rate, limits.Burst = 100_000, 100_000 // one trainer's load generator is no attacker
	handler, err := assemble(ctx, s, plans, logger, limits, api.Version{Country: "KZ", Demo: true})
	if err != nil {
		return err
	}
	accounts, err := d.issueTokens(ctx, s)
	if err != nil {
		return err
	}
	story, err := d.story(ctx, s, accounts)
	if err != nil {
		return err
	}
	story.print(out, "http://"+listener.Addr().String(), filepath.Join(d.data, accountsFile))
	defer startDelivery(ctx, s, newCourier(demoWebhooks, mailbox{}), logger)()
	return api.Serve(ctx, listener, handler, api.ServeOptions{Logger: logger, Drain: drain})
}

const accountsFile = "demo-accounts.json"

// seedOnce fills an empty database with the synthetic country.
func (d demo) seedOnce(ctx context.Context, s *store.Store, progress io.Writer) error {
	_, seeded, err := s.DeploymentMark(ctx, synthetic.Mark)
	if err != nil || seeded {
		return err
	}
	world, err := synthetic.Generate(synthetic.Config{Country: "KZ", Seed: d.seed, Clients: d.clients, Anchor: models.DateOf(models.Now(), "Asia/Almaty")})
	if err != nil {
		return err
	}
	data, err := world.Import(func(u models.User) string { return demoPassword(u.Username) })
	if err != nil {
		return err
	}
	return s.Import(ctx, data, bar(progress, "synthetic country"))
}

// sealDemo seals every release of the last two years that can be sealed today.
func sealDemo(ctx context.Context, s *store.Store, progress func(done, total int)) error {
	var periods []string
	year := models.Now().Year()
	for y := year - 1; y <= year; y++ {
		for q := 1; q <= 4; q++ {
			periods = append(periods, fmt.Sprintf("%dQ%d", y, q))
		}
		periods = append(periods, fmt.Sprint(y))
	}
	for i, period := range periods {
		statuses := []string{"final", "provisional"} // the second while the first is not due
		if !strings.Contains(period, "Q") {
			statuses = []string{"annual"}
		}
		for _, status := range statuses {
			sealed, err := sealWhenDue(ctx, s, period, status)
			if err != nil {
				return err
			}
			if sealed {
				break
			}
		}
		progress(i+1, len(periods))
	}
	return nil
}

// sealWhenDue seals a release unless its day has not come, and tells whether it is sealed.
func sealWhenDue(ctx context.Context, s *store.Store, period, status string) (bool, error) {
	_, err := sealAs(ctx, s, models.SealRequest{Country: "KZ", Period: period, Status: status, Profile: models.ProfileBoth})
	var e *models.Error
	if errors.As(err, &e) && e.Code == "release.too_early" {
		return false, nil
	}
	if errors.As(err, &e) && (e.Code == "release.sealed_already" || e.Code == "release.superseded") {
		return true, nil
	}
	return err == nil, err
}

// bar draws a progress bar that rewrites its line.
func bar(w io.Writer, what string) func(done, total int) {
	last := -1
	return func(done, total int) {
		percent := 100 * done / max(total, 1)
		if percent == last {
			return
		}
		last = percent
		fmt.Fprintf(w, "\r%s [%-40s] %3d%%", what, strings.Repeat("#", percent*40/100), percent)
		if percent == 100 {
			fmt.Fprintln(w)
		}
	}
}

// demoAccount is one line of demo-accounts.json.
type demoAccount struct {
	Username         string                  `json:"username"`
	Password         string                  `json:"password"`
	Token            string                  `json:"token"`
	Role             models.Role             `json:"role"`
	Organisation     models.OrganisationID   `json:"organisation"`
	OrganisationKind models.OrganisationKind `json:"organisationKind"`
	DeviceToken      string                  `json:"deviceToken,omitzero"` // of the first outreach worker's telephone
}

// demoPassword is public, like everything in the demo; production refuses the database.
func demoPassword(username string) string { return "jol-demo-" + username }

// issueTokens gives every demo account a fresh token and writes them down, for their
// owner only, before anything is served.
func (d demo) issueTokens(ctx context.Context, s *store.Store) ([]demoAccount, error) {
	users, err := s.ActiveUsers(ctx)
	if err != nil {
		return nil, err
	}
	accounts := make([]demoAccount, len(users))
	for i, u := range users {
		t, err := s.IssueToken(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		accounts[i] = demoAccount{
			Username: u.Username, Password: demoPassword(u.Username), Token: t.Token, Role: u.Role,
			Organisation: u.OrganisationID, OrganisationKind: u.OrganisationKind,
		}
	}
	if err := enrolPhone(ctx, s, users, accounts); err != nil {
		return nil, err
	}
	content, err := json.MarshalIndent(accounts, "", "  ")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(d.data, accountsFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err // an old file may have another mode
	}
	return accounts, os.WriteFile(path, append(content, '\n'), 0o600)
}

// enrolPhone gives the first outreach worker a device, as the administrator would. A token
// that was used without it goes on as before: only one that was used with it needs it.
func enrolPhone(ctx context.Context, s *store.Store, users []store.Account, accounts []demoAccount) error {
	first := func(role models.Role) int {
		return slices.IndexFunc(accounts, func(a demoAccount) bool { return a.Role == role })
	}
	admin, worker := first(models.RoleAdministrator), first(models.RoleNGOOutreach)
	if admin < 0 || worker < 0 { // somebody tried blocking an account
		return nil
	}
	session, err := demoSession(ctx, s, accounts[admin].Token)
	if err != nil {
		return err
	}
	d, _, err := session().EnrolDevice(ctx, models.NewDevice{UserID: users[worker].ID, Label: "Demo phone"})
	if err != nil {
		return err
	}
	accounts[worker].DeviceToken = d.Token
	return nil
}

// demoSession makes sessions of the account whose token it is: each a request of its own.
func demoSession(ctx context.Context, s *store.Store, token string) (func() *store.Session, error) {
	gate, err := policies.New()
	if err != nil {
		return nil, err
	}
	actor, err := store.NewAccounts(s).Authenticate(ctx, token, "")
	if err != nil {
		return nil, err
	}
	return func() *store.Session {
		return s.For(actor, gate.Grants(actor.Role), store.Request{ID: "demo", Key: fmt.Sprint("demo ", time.Now().UnixNano()), BodyHash: "demo"})
	}, nil
}

// story is what the printed calls refer to.
type story struct {
	accounts map[models.Role]demoAccount // the first of each role
	client   string                      // the outreach worker's client, who agreed to be referred
	clinic   models.OrganisationID
	release  string
}

// story makes sure that the outreach worker has a client who agreed to be referred to
// the clinic, through the same use cases the API calls.
func (d demo) story(ctx context.Context, s *store.Store, accounts []demoAccount) (story, error) {
	st := story{accounts: map[models.Role]demoAccount{}}
	for _, a := range accounts {
		if _, ok := st.accounts[a.Role]; !ok {
			st.accounts[a.Role] = a
		}
	}
	st.clinic = st.accounts[models.RoleClinician].Organisation
	session, err := demoSession(ctx, s, st.accounts[models.RoleNGOOutreach].Token)
	if err != nil {
		return st, err
	}
	if err := setScenes(ctx, s, st.accounts); err != nil {
		return st, fmt.Errorf("setting the demo's scenes: %w", err)
	}
	client, _, err := session().RegisterClient(ctx, models.Registration{Country: "KZ", Sex: "F", BirthYear: 1994, MotherInitials: "Са", FatherInitials: "Ер"})
	if err != nil {
		return st, err
	}
	st.client = client.Handle()
	_, _, err = session().GiveConsent(ctx, st.client, models.NewConsent{
		Purpose: models.PurposeReferral, RecipientID: st.clinic, Categories: []models.Category{models.CatTreatmentFact},
		Until: models.DateOf(models.Now(), "Asia/Almaty").AddMonths(6),
	})
	if err != nil {
		return st, err
	}
	latest, err := s.LatestRelease(ctx)
	st.release = latest
	return st, err
}

// print writes ready-to-paste calls. Every token in them is the demo's own.
func (st story) print(w io.Writer, url, file string) {
	call := func(title string, role models.Role, lines ...string) {
		a := st.accounts[role]
		fmt.Fprintf(w, "# %s: %s\n", a.Username, title)
		for _, line := range lines {
			line = strings.ReplaceAll(line, "$CURL", "curl -sS -w '\\n' -H 'Authorization: Bearer "+a.Token+"'")
			fmt.Fprintln(w, strings.ReplaceAll(line, "$URL", url+"/api/v1"))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, `
  ====================================================================
   DEMO. Synthetic people, public passwords, public keys. Never enter
   anything about a real person here. Production is jol serve.
  ====================================================================

Listening on %s   API page: %s/docs/
All accounts, with passwords and tokens: %s

`, url, url, file)
	call("a clinician looks up what to do about missed doses", models.RoleClinician,
		"$CURL '$URL/protocols/therapeutic-programme/steps/tp-oat-missed'")
	call("an outreach worker sends a client to the clinic", models.RoleNGOOutreach,
		"ID=$($CURL -X POST '$URL/referrals' -H 'Content-Type: application/json' -H \"Idempotency-Key: $(date +%s%N)\" \\",
		`  -d '{"clientCode":"`+st.client+`","toOrganisation":"`+string(st.clinic)+`","reason":"step_up","urgency":"routine","needs":["oat","naloxone"],"note":"Prefers mornings."}' \`,
		`  | tee /dev/stderr | sed -n 's/.*"id":"\([^"]*\)".*/\1/p')`)
	call("the clinic accepts", models.RoleClinician,
		`$CURL -X POST "$URL/referrals/$ID/acceptance" -H 'If-Match: "1"'`)
	call("an outreach worker's telephone sends what it noted without a network", models.RoleNGOOutreach,
		"N=$(date +%s%N); $CURL '$URL/sync' -H 'Content-Type: application/json' \\",
		`  -d '{"commands":[{"id":"'$N'","type":"contact.create","idempotencyKey":"'$N'","baseVersion":null,"occurredAt":"'$(date -u +%Y-%m-%dT%H:%M:%SZ)'","payload":{"code":"`+st.client+`","intervention":"NSP","setting":"community","appointment":"none","syringes":20,"condoms":5}}]}'`)
	call("what is to do at the clinic, by due time", models.RolePsychologist,
		"$CURL '$URL/tasks?limit=2'")
	call("the clinic takes over a dose that another clinic sent; the sender's order ends with it", models.RoleNarcologist,
		"ID=$($CURL '$URL/dose-transfers?direction=in&state=sent&limit=1' | tee /dev/stderr | sed -n 's/.*"+`"items":\[{"id":"\([^"]*\)".*/\1/p')`,
		`$CURL -X POST "$URL/dose-transfers/$ID/confirmation" -H 'If-Match: "1"' -H 'Content-Type: application/json' -d '{"identityChecked":true}'`)
	call("prison medical staff prepare releases", models.RolePrisonMedical,
		"$CURL '$URL/release-cases?limit=1'")
	call("an outreach worker with a pass reads somebody who is held and agreed to it", models.RoleNGOOutreach,
		`CODE=$($CURL "$URL/referrals?direction=in&state=accepted&limit=1" | sed -n 's/.*"clientCode":"\([^"]*\)".*/\1/p')`,
		`$CURL "$URL/clients/$CODE/pathway"`)
	call("a probation officer reads the social plan of somebody who agreed, and nothing else", models.RoleProbationOfficer,
		`ID=$($CURL "$URL/supervisions?limit=1" | sed -n 's/.*"id":"\([^"]*\)".*/\1/p')`,
		`$CURL "$URL/supervisions/$ID"`)
	call("prison security reads when, where and what to watch for, and nothing of why", models.RolePrisonSecurity,
		"$CURL '$URL/functional-notes?limit=2'")
	call("prison security asks for a client and is refused with 403, because security sees no health record", models.RolePrisonSecurity,
		"$CURL '$URL/clients/"+st.client+"'")
	call("a ministry analyst pulls an indicator table", models.RoleMinistryAnalyst,
		"$CURL -H 'Accept: text/csv' '$URL/releases/"+st.release+"/tables/TDI01.drug'")
	call("an auditor sees who did what, without codes", models.RoleAuditor,
		"$CURL '$URL/audit-events?limit=5'")
	fmt.Fprintln(w, "# Ctrl-C stops the demo. Delete the data folder to start anew.")
}
