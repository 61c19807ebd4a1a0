package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"jol/models"
	"jol/models/protocols"
	"jol/models/store"
)

// lookForPublications is how often a process asks whether what is served has changed. A
// publication made elsewhere is served here after this time and what compiling takes.
const lookForPublications = 100 * time.Millisecond

// liveProtocols loads the editions in force and keeps following them.
func liveProtocols(ctx context.Context, s *store.Store, logger *slog.Logger) (*protocols.Live, error) {
	if err := recordReferences(ctx, s, logger); err != nil {
		return nil, err
	}
	live, err := loadProtocols(ctx, s)
	if err != nil {
		return nil, err
	}
	go live.Follow(ctx, lookForPublications, logger)
	return live, nil
}

// loadProtocols loads the editions in force once, which tells whether they can be served.
func loadProtocols(ctx context.Context, s *store.Store) (*protocols.Live, error) {
	reference, err := protocols.Load(protocols.Embedded())
	if err != nil {
		return nil, err
	}
	live, err := protocols.NewLive(ctx, protocols.Embedded(), reference, protocols.Shelf{
		Seq: s.PublicationSeq, Publications: s.Publications, Edition: s.EditionSet,
	})
	if err != nil {
		return nil, fmt.Errorf("published editions cannot be served: %w", err)
	}
	return live, nil
}

// recordReferences makes this program's built-in editions readable by later ones.
func recordReferences(ctx context.Context, s *store.Store, logger *slog.Logger) error {
	references, err := protocols.References(protocols.Embedded())
	if err != nil {
		return err
	}
	differs, err := s.RecordReferences(ctx, references)
	if len(differs) > 0 {
		logger.Warn("a built-in edition is not the one recorded under its name: it should have been given a new one", "editions", differs)
	}
	return err
}

func protocolCommand() *cobra.Command {
	protocol := &cobra.Command{Use: "protocol", Short: "Manage editions of protocols"}
	protocol.AddCommand(protocolImportCommand())
	return protocol
}

// importFlags is what jol protocol import was told beside the path.
type importFlags struct{ slug, edition, base, note, as string }

func protocolImportCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "import FILE|DIR", Short: "Import an edition as a draft: a bundle as JSON, or a folder of YAML", Args: cobra.ExactArgs(1),
		Long: `Import an edition as a draft. DIR holds protocol.yaml, steps/ and text/, or overlay.yaml and what changes; FILE is the
JSON body of POST /api/v1/protocols/{slug}/editions. Everything that is wrong is printed at once, with file and line,
and then nothing is kept. Two people other than the one named with --as must sign before it can be published.`,
		Example: "  jol protocol import ./tp-2026 --slug therapeutic-programme --note 'Order 203' --as editor",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, s, err := openProduction(cmd.Context(), new(protocols.Plans))
			if err != nil {
				return err
			}
			defer s.Close()
			return f.run(cmd.Context(), s, c.Country, args[0], cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&f.slug, "slug", "", "protocol the edition is of (required)")
	cmd.Flags().StringVar(&f.edition, "edition", "", "name of the edition, when the files do not say it")
	cmd.Flags().StringVar(&f.base, "base", "", "edition an overlay changes, when the files do not say it")
	cmd.Flags().StringVar(&f.note, "note", "", "what changed and on what ground")
	cmd.Flags().StringVar(&f.as, "as", "", "account of the person who hands it in")
	_ = cmd.MarkFlagRequired("slug")
	return cmd
}

func (f importFlags) run(ctx context.Context, s *store.Store, country, path string, out io.Writer) error {
	b, err := readBundle(path)
	if err != nil {
		return err
	}
	if err := recordReferences(ctx, s, slog.Default()); err != nil { // an overlay may rest on one
		return err
	}
	b.Protocol, b.Edition, b.Base = f.slug, cmp.Or(f.edition, b.Edition), cmp.Or(f.base, b.Base)
	b.ChangeNote = cmp.Or(f.note, b.ChangeNote, "Imported from the command line.")
	actor := models.System(country)
	if f.as != "" {
		if actor, err = s.EditorNamed(ctx, f.as); err != nil {
			return err
		}
	}
	request := store.Request{ID: "command", Key: "import " + b.Checksum() + models.Now().Format(time.RFC3339Nano), BodyHash: "command"}
	e, _, err := s.For(actor, nil, request).ImportEdition(ctx, b)
	if err != nil {
		return explainBundle(err)
	}
	fmt.Fprintf(out, "imported %s %s as %s: %d files, sha256 %s\n", e.Protocol, e.Edition, e.State, len(b.Files), e.Checksum)
	return nil
}

// readBundle reads a folder of YAML or a JSON file.
func readBundle(path string) (b models.Bundle, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return b, err
	}
	if info.IsDir() {
		return protocols.ReadBundle(os.DirFS(path))
	}
	f, err := os.Open(path)
	if err != nil {
		return b, err
	}
	defer f.Close()
	decoder := json.NewDecoder(io.LimitReader(f, 8<<20))
	decoder.DisallowUnknownFields()
	var in struct {
		Edition, Base, ChangeNote string
		Files                     map[string]string
	}
	if err := decoder.Decode(&in); err != nil {
		return b, fmt.Errorf("%s is neither a folder nor a bundle in JSON: %w", path, err)
	}
	return models.Bundle{Edition: in.Edition, Base: in.Base, ChangeNote: in.ChangeNote, Files: in.Files}, nil
}

// explainBundle prints every problem as file:line: reason, the form editors can jump to.
func explainBundle(err error) error {
	var refused *models.Error
	if !errors.As(err, &refused) {
		return err
	}
	for _, f := range refused.Fields {
		file, inFile := strings.CutPrefix(f.Pointer, "/files/")
		where := strings.NewReplacer("~1", "/", "~0", "~").Replace(file)
		switch {
		case !inFile:
			where = strings.TrimPrefix(f.Pointer, "/")
		case f.Line > 0:
			where = fmt.Sprintf("%s:%d", where, f.Line)
		}
		err = fmt.Errorf("%w\n  %s: %s", err, where, cmp.Or(f.Detail, f.Code))
	}
	return err
}
