// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strconv"
	"strings"
)

const typesFile = "pkg/config/v1alpha1/types.go"

// configurationPage writes the reference of the configuration from the comments of its types.
func configurationPage() error {
	f, err := parser.ParseFile(token.NewFileSet(), typesFile, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString(pageHead + "# Configuration\n\nA file of kind `Configuration`, `config.demarc.dev/v1alpha1`, given by `--config`. It is read strictly: an unknown field, " +
		"rule or mode is an error. `demarc config validate FILE` reports everything that is wrong, `demarc config print FILE` shows what is in force. " +
		"A working example: [config/samples/configuration.yaml](../config/samples/configuration.yaml).\n")
	for _, d := range f.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.TYPE {
			continue
		}
		spec := decl.Specs[0].(*ast.TypeSpec)
		if s, ok := spec.Type.(*ast.StructType); ok {
			structTable(&b, spec.Name.Name, decl.Doc, s)
		}
	}
	return write("docs/configuration.md", b.Bytes())
}

func structTable(b *bytes.Buffer, name string, doc *ast.CommentGroup, s *ast.StructType) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n| field | type | meaning |\n| --- | --- | --- |\n", name, oneLine(doc))
	for _, f := range s.Fields.List {
		if len(f.Names) == 0 || f.Tag == nil {
			continue
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", jsonName(f.Tag), typeName(f.Type), oneLine(f.Doc))
	}
}

func jsonName(tag *ast.BasicLit) string {
	raw, _ := strconv.Unquote(tag.Value)
	name, _, _ := strings.Cut(reflect.StructTag(raw).Get("json"), ",")
	return name
}

func typeName(e ast.Expr) string {
	switch t := e.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.StarExpr:
		return typeName(t.X)
	case *ast.SelectorExpr:
		return t.Sel.Name
	case *ast.ArrayType:
		return "list of " + typeName(t.Elt)
	case *ast.MapType:
		return "map of " + typeName(t.Key) + " to " + typeName(t.Value)
	}
	return ""
}

func oneLine(doc *ast.CommentGroup) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(doc.Text()), " "), "|", "\\|")
}
