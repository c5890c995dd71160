namespace SvdSurgeon.Reporting;

/// <summary>How the report looks, and the script that sorts its tables.</summary>
internal static class ReportStyle
{
    /// <summary>
    /// Colours by scheme (Okabe and Ito's, which colour-blind readers tell apart), type, and layouts that narrow to a phone and to paper.
    /// </summary>
    public const string Css = """
        :root{color-scheme:light dark;--bg:#fdfdfc;--fg:#1d2126;--dim:#5b636d;--rule:#d9dce0;--panel:#f3f4f2;--accent:#0b62a3;
        --c0:#0b62a3;--c1:#b8520a;--c2:#00795c;--c3:#a3316f;--c4:#6b5d00;--c5:#2f2f2f;--c6:#4b3fa6}
        @media (prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e6e8ea;--dim:#a2abb5;--rule:#3a4049;--panel:#1e2228;--accent:#7cc0f4;
        --c0:#7cc0f4;--c1:#f0a35e;--c2:#5ed0ae;--c3:#ee9ac6;--c4:#e0d05a;--c5:#d5d5d5;--c6:#b3a8ff}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:1rem clamp(.75rem,3vw,2rem) 3rem;max-width:76rem;background:var(--bg);color:var(--fg);
        font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
        h1{font-size:1.7rem;margin:.2rem 0;overflow-wrap:anywhere}h2{font-size:1.2rem;margin:2.2rem 0 .6rem;
        border-bottom:1px solid var(--rule);padding-bottom:.2rem}
        .lead{font-size:1.05rem;margin:.2rem 0 1rem}.note,caption,figcaption,footer{color:var(--dim);font-size:.875rem}
        .warning{border-left:4px solid var(--c1);padding-left:.7rem}
        .cards{list-style:none;display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.75rem;padding:0;margin:0}
        .cards li{background:var(--panel);border:1px solid var(--rule);border-radius:.5rem;padding:.7rem .9rem;display:grid;
        grid-template-columns:auto 1fr;column-gap:.5rem;align-items:baseline}
        .cards .kept{grid-column:1/3;display:flex;font-weight:600}.cards .ppl{font-size:1.9rem;font-weight:650;
        font-variant-numeric:tabular-nums}.cards .error{color:var(--dim)}
        .cards .size{font-weight:600}.cards .method{grid-column:1/3;color:var(--dim);font-size:.875rem}.cards .size{grid-column:1/3}
        .rim{paint-order:stroke;stroke:var(--bg);stroke-width:4px;stroke-linejoin:round}
        .scroll{overflow-x:auto;background:linear-gradient(90deg,var(--bg) 40%,transparent) 0 0/2.5rem 100% no-repeat local,
        linear-gradient(270deg,var(--bg) 40%,transparent) 100% 0/2.5rem 100% no-repeat local,
        linear-gradient(90deg,var(--rule),transparent) 0 0/.8rem 100% no-repeat,
        linear-gradient(270deg,var(--rule),transparent) 100% 0/.8rem 100% no-repeat}
        table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums;
        margin:.4rem 0 1rem}
        caption{text-align:left;padding:.2rem 0}th,td{padding:.28rem .6rem;border-bottom:1px solid var(--rule);text-align:right;
        white-space:nowrap}
        th[scope=row],th[scope=col]:not(.n),td.text,td:last-child:has(svg){text-align:left}thead th{vertical-align:bottom;
        border-bottom:2px solid var(--rule)}tbody th{font-weight:500}
        thead button{all:unset;cursor:pointer;font-weight:600}thead button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
        th[aria-sort=ascending] button::after{content:" ▲"}th[aria-sort=descending] button::after{content:" ▼"}
        tr.left{color:var(--dim)}.waterfall th[scope=row]{white-space:normal;min-width:9rem}td svg{width:100%;min-width:8rem;
        max-width:22rem;height:auto;display:block}
        figure{margin:0 0 1rem;min-width:0}.chart{width:100%;height:auto;max-width:40rem;display:block}
        .chart text,.spectrum text{fill:var(--fg);font-size:11px}.spectrum text{font-size:8.5px;fill:var(--dim)}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1rem}
        .spectra{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(13rem,100%),1fr));gap:.4rem 1rem}
        .small figcaption{font-size:.75rem;overflow-wrap:anywhere;line-height:1.25}.spectrum{width:100%;height:auto;display:block}
        .axis,.grid,.cut,.reference,.line,.kept,.dropped,.saliency,.mark,.rejected{fill:none}.axis{stroke:var(--dim)}
        .grid{stroke:var(--rule)}.reference{stroke:var(--dim);stroke-dasharray:1 3;stroke-width:1.5}
        .line{stroke-width:1.7}.mark{stroke-width:1.5;fill:var(--bg)}
        .c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}.c4{stroke:var(--c4)}.c5{stroke:var(--c5)}
        .c6{stroke:var(--c6)}
        path.kept{stroke:var(--c0);stroke-width:1.8}.dropped{stroke:var(--c1);stroke-dasharray:3 2;stroke-width:1.3}
        .cut{stroke:var(--dim);stroke-width:.7}
        .corrected{fill:none;stroke:var(--fg);stroke-width:.9}.chosen{fill:var(--c2);stroke:var(--bg);stroke-width:.4}
        .passed{stroke:var(--c3);fill:none}.saliency{stroke:var(--c6);stroke-width:1.2}
        .bar{fill:var(--accent)}.rejected{stroke:var(--dim);stroke-dasharray:3 2}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.15rem 1rem;padding:0;margin:.3rem 0;font-size:.85rem}
        .legend svg{vertical-align:middle}
        details{border:1px solid var(--rule);border-radius:.4rem;padding:.3rem .8rem;margin:.5rem 0}summary{cursor:pointer;
        padding:.25rem 0}pre{overflow-x:auto;font-size:.8rem}
        footer{margin-top:2rem}
        @media (max-width:40rem){body{font-size:15px}caption{white-space:normal;max-width:80vw}.sortable th[scope=row]{white-space:normal;
        overflow-wrap:break-word;min-width:9rem}th,td{padding:.25rem .4rem}details{padding:.3rem .5rem}}
        @media print{body{max-width:none;padding:0;font-size:10pt}details{border:0;padding:0}thead button::after{content:""!important}
        figure,tr{break-inside:avoid}.scroll{overflow:visible}}
        """;

    // Rows go by data-v where a cell has one, else by its text; a second click turns the order round.
    public const string Script = """
        document.querySelectorAll('table.sortable').forEach(function(table){
        table.querySelectorAll('thead button').forEach(function(button){button.addEventListener('click',function(){
        var head=button.parentNode,column=Array.prototype.indexOf.call(head.parentNode.children,head),body=table.tBodies[0];
        var down=head.getAttribute('aria-sort')==='ascending';
        Array.prototype.forEach.call(head.parentNode.children,function(other){other.removeAttribute('aria-sort')});
        head.setAttribute('aria-sort',down?'descending':'ascending');
        function key(row){var cell=row.children[column];return cell.getAttribute('data-v')||cell.textContent}
        Array.prototype.slice.call(body.rows).sort(function(a,b){var x=key(a),y=key(b),n=x-y;
        return (down?-1:1)*(isNaN(n)?x.localeCompare(y,undefined,{numeric:true}):n)}).forEach(function(row){body.appendChild(row)})})})});
        """;

    /// <summary>The head of a column that can be sorted.</summary>
    public static HtmlMarkup Header(string name, bool number) =>
        new HtmlMarkup().Add(
            $"<th scope=\"col\"{(number ? new HtmlMarkup().Add($" class=\"n\"") : new HtmlMarkup())}><button "
                + $"type=\"button\">{name}</button></th>"
        );
}
