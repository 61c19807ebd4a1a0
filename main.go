// Jol is a treatment case-management and protocol reference service for drug
// dependence programmes in Central Asia. main wires the packages and holds the
// commands; `jol help` lists them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
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
	root.AddCommand(serveCommand(), demoCommand(), migrateCommand(), sealCommand(), checkCommand(), user, keys)
	return root
}

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run the service; settings come from JOL_ variables (see jol check)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := openProduction(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			handler, err := assemble(s, c.Behind, api.Version{Country: c.Country})
			if err != nil {
				return err
			}
			return api.Serve(cmd.Context(), handler, api.ServeOptions{Addr: c.Addr, Cert: c.TLSCert, Key: c.TLSKey})
		},
	}
}

// openProduction opens the configured database after everything that would make it
// unsafe has been refused.
func openProduction(ctx context.Context) (config, *store.Store, error) {
	c, err := loadConfig()
	if err != nil {
		return c, nil, err
	}
	if problems := c.problems(); len(problems) > 0 {
		return c, nil, errors.New("refusing to start:\n  - " + strings.Join(problems, "\n  - "))
	}
	s, err := open(c)
	if err != nil {
		return c, nil, err
	}
	if err := suitable(ctx, s); err != nil {
		return c, nil, errors.Join(err, s.Close())
	}
	return c, s, nil
}

func open(c config) (*store.Store, error) {
	keys, err := readKeys(c.KeysFile)
	if err != nil {
		return nil, err
	}
	return store.Open(store.Options{
		URL: c.DatabaseURL, Country: c.Country, Zone: models.Zone(c.Country, ""), Keys: keys, Clock: models.Now, Sealer: indicators.Begin,
		Ledger: c.Ledger, RegistrationsPerDay: c.RegistrationsPerDay, TokenLife: c.TokenLife,
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
	if _, demo, err := s.DeploymentMark(ctx, "demo"); err != nil || demo {
		return errors.Join(err, errors.New("this database holds the synthetic data of `jol demo`: it is never served as production"))
	}
	return nil
}

// assemble wires the HTTP service.
func assemble(s *store.Store, proxies []netip.Prefix, version api.Version) (http.Handler, error) {
	gate, err := policies.New()
	if err != nil {
		return nil, err
	}
	catalog, err := protocols.Load(protocols.Embedded())
	if err != nil {
		return nil, err
	}
	limits := api.DefaultLimits()
	limits.Proxies = proxies
	version.Version, version.Commit = build()
	return api.New(api.Deps{
		Store: s, Accounts: store.NewAccounts(s), Policies: gate, Protocols: catalog,
		Logger: slog.New(slog.NewJSONHandler(os.Stderr, nil)), Limits: limits, Version: version,
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
			s, err := open(c)
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
		Example: "  jol seal --period 2026Q1 --status final",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := openProduction(cmd.Context())
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
			return nil
		},
	}
	cmd.Flags().StringVar(&req.Period, "period", "", "2026Q1 or 2026 (required)")
	cmd.Flags().StringVar(&req.Status, "status", "", "provisional, final or annual (required)")
	cmd.Flags().StringVar(&req.Profile, "profile", "ministry", "ministry or open_data")
	_ = cmd.MarkFlagRequired("period")
	_ = cmd.MarkFlagRequired("status")
	return cmd
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
	s, err := open(c)
	if err != nil {
		return []string{err.Error()}
	}
	defer s.Close()
	if err := suitable(ctx, s); err != nil {
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
			_, s, err := openProduction(cmd.Context())
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
