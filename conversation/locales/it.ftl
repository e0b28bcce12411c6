# The sentences of en-US.ftl in Italian, which says what the values are. Readers are “tu”, as in Discord's Italian.

hint-empty = Chiedimi qualcosa: scrivi la tua domanda dopo il mio nome, mandami un'immagine o usa /ask.
withheld = Discord non mi ha mostrato quello che hai scritto lì: menzionami in un messaggio a parte, oppure usa “Ask about this message” dal menu “Apps” del messaggio.
note-quote-withheld = Discord non mi ha mostrato il messaggio a cui hai risposto: usa “Ask about this message” dal suo menu “Apps” e potrò leggerlo.
queue-full = { $waiting ->
        [one] Qui c'è già { $waiting } domanda in attesa: chiedi di nuovo quando avrò risposto.
       *[other] Qui ci sono già { $waiting } domande in attesa: chiedi di nuovo quando avrò risposto ad alcune.
    }
quota-spent = Hai già fatto { $limit ->
        [one] la tua unica domanda
       *[other] le tue { $limit } domande
    } di quest'ora: chiedi di nuovo { $retry }.
guild-not-allowed = Chi mi gestisce non mi ha aperto a questo server: chiedi di aggiungerlo, oppure usami dove sono già attivo.
dm-not-allowed = Chi mi gestisce mi fa rispondere ai messaggi diretti solo dei membri dei propri server: entra in uno di questi, oppure chiedi lì.
restarting = Mi sto riavviando: chiedi di nuovo tra un minuto.
try-later = Non sono riuscito a capire se qui puoi fare domande: riprova tra un minuto.
hint-cannot-write = In questo canale non posso scrivere di mia iniziativa, ma solo rispondere ai comandi slash: un admin può concedermi qui “View Channel” e “Send Messages”.

reka-auth = Al momento non riesco ad accedere a Reka: avvisa chi mi gestisce che la sessione di Reka va rinnovata.
reka-busy = Al momento Reka ha moltissimo da fare: riprova tra un minuto.
reka-busy-until = Al momento Reka ha moltissimo da fare: riprova { $retry }.
reka-quota = I crediti per Reka sono finiti: avvisa chi mi gestisce.
reka-silent = Reka non risponde più: riprova.
reka-down = Al momento non riesco a raggiungere Reka: riprova tra un minuto.
reka-odd = Reka ha mandato una risposta che non riesco a leggere: riprova.
reka-refused = Reka non ha accettato questa domanda: falla in un altro modo, o più breve.
reka-filtered = Il filtro dei contenuti di Reka ha fermato questa risposta: prova a chiedere in un altro modo.
unexpected = Qualcosa è andato storto da parte mia, ed è scritto nel mio log: riprova.
memory-unavailable = Al momento non riesco a raggiungere la mia memoria: riprova tra un minuto.
discord-refused = Discord non ha voluto mostrare questa risposta: prova a chiedere in un altro modo.

thinking = Sto pensando…
rest-in-file = La risposta intera è nel file allegato.
thought-in-file = Tutti questi ragionamenti sono nel file allegato.
thought-gone = Non ho più questi ragionamenti: li tengo al massimo un'ora, e li perdo se vengo riavviato.

note-broke-off = La risposta si è interrotta qui. { $why }
note-too-long = Mi fermo qui: questa risposta ha raggiunto il limite di { $limit ->
        [one] { $limit } carattere
       *[other] { $limit } caratteri
    }. Chiedimi di continuare se vuoi il resto.
note-too-slow = Mi fermo qui: questa risposta ha richiesto più di { $minutes ->
        [one] { $minutes } minuto
       *[other] { $minutes } minuti
    }. Chiedimi di continuare se vuoi il resto.
note-token-ending = Mi fermo qui: Discord mi lascia rispondere a un comando solo per 15 minuti. Chiedimi di continuare se vuoi il resto.
note-pictures-refused = Ho risposto senza immagini di questa conversazione che Reka non ha accettato.
note-restarted = Un riavvio mi ha interrotto nel mezzo di questa risposta: riprova.
note-at-models-limit = Mi fermo qui: questa risposta ha raggiunto il limite del modello.
note-only-thought = Ci ho soltanto pensato, senza arrivare a una risposta.

button-try-again = Riprova
button-go-on = Continua
button-thinking = Mostra il ragionamento
again-not-yours = Solo chi ha fatto la domanda, o chi gestisce i messaggi qui, può riprovare.
again-running = Me ne sto già occupando, oppure la risposta c'è già.
again-forgotten = Non ricordo più questa domanda: falla di nuovo, per favore.

reset-done = Fatto: ho dimenticato questa conversazione e ricominciamo da capo.
reset-nothing = Non c'era niente da dimenticare: ricominciamo da capo.

operator-only = Questo comando è per chi mi gestisce: chiedimi pure qualcos'altro.
operator-synced = Ora Discord ha questi miei comandi: { $names }.
operator-sync-failed = Discord non ha accettato i miei comandi ({ $why }): riprova tra un minuto.
operator-reloaded = Ricaricato: { $names }.
operator-reload-failed = Non è stato possibile ricaricare { $name } ({ $why }), che continua come prima: il mio registro dice di più.

file-too-many = { $limit ->
        [one] Ho guardato solo la prima immagine
       *[other] Ho guardato le prime { $limit } immagini
    }; ho lasciato fuori: { $names }.
file-too-large = Ho lasciato fuori { $name }: il file supera { $limit_mib } MiB.
file-not-picture = Ho lasciato fuori { $name }: posso guardare solo immagini PNG, JPEG, WebP e GIF.
file-broken = Ho lasciato fuori { $name }: il file è danneggiato, oppure l'immagine è troppo grande da aprire.
file-refused = Ho lasciato fuori { $name }: Reka non l'ha accettato.
file-gone = Ho lasciato fuori { $name }: Discord non ha più il file, quindi allegalo di nuovo.
file-unreachable = Ho lasciato fuori { $name }: non riesco a scaricare il file, quindi allegalo di nuovo.
file-forbidden-host = Ho lasciato fuori { $name }: scarico file solo da Discord.

about-question = Spiegami questo messaggio, per favore.
go-on-question = Continua esattamente da dove ti sei fermato, nella stessa lingua, per favore.
