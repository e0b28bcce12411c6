# The sentences of en-US.ftl in French, which says what the values are. Readers are “tu”, as in Discord's French.
# No-break spaces stand before : ; ? and inside « ».

hint-empty = Pose-moi une question : écris-la après mon nom, envoie-moi une image ou utilise /ask.
withheld = Discord ne m'a pas montré ce que tu as écrit là : mentionne-moi dans un message à part, ou utilise « Ask about this message » dans le menu « Applications » du message.
note-quote-withheld = Discord ne m'a pas montré le message auquel tu as répondu : utilise « Ask about this message » dans son menu « Applications », et je pourrai le lire.
queue-full = { $waiting ->
        [one] { $waiting } question attend déjà ici : repose la tienne quand j'y aurai répondu.
       *[other] { $waiting } questions attendent déjà ici : repose la tienne quand j'aurai répondu à quelques-unes.
    }
quota-spent = Tu as déjà posé { $limit ->
        [one] ta seule question
       *[other] tes { $limit } questions
    } de cette heure : repose la tienne { $retry }.
guild-not-allowed = La personne qui me gère ne m'a pas ouvert à ce serveur : demande-lui de l'ajouter, ou retrouve-moi là où elle me fait tourner.
dm-not-allowed = La personne qui me gère réserve les messages privés aux membres de ses propres serveurs : rejoins l'un d'eux, ou pose ta question là-bas.
restarting = Je suis en train de redémarrer : repose ta question dans une minute.
try-later = Je n'ai pas pu savoir si tu peux poser des questions ici : réessaie dans une minute.
hint-cannot-write = Je ne peux pas écrire de moi-même dans ce salon, seulement répondre aux commandes slash : un admin peut m'accorder ici « Voir le salon » et « Envoyer des messages ».

reka-auth = Je n'arrive pas à me connecter à Reka pour le moment : préviens la personne qui me gère que la session Reka est à renouveler.
reka-busy = Reka a énormément à faire en ce moment : réessaie dans une minute.
reka-busy-until = Reka a énormément à faire en ce moment : réessaie { $retry }.
reka-quota = Les crédits pour Reka sont épuisés : préviens la personne qui me gère.
reka-silent = Reka ne répond plus : réessaie.
reka-down = Je n'arrive pas à joindre Reka pour le moment : réessaie dans une minute.
reka-odd = Reka a envoyé une réponse que je n'ai pas pu lire : réessaie.
reka-refused = Reka n'a pas voulu de cette question : pose-la autrement, ou plus courte.
reka-filtered = Le filtre de contenu de Reka a arrêté cette réponse : pose ta question autrement.
unexpected = Quelque chose s'est mal passé de mon côté, et c'est noté dans mon journal : réessaie.
memory-unavailable = Je n'arrive pas à joindre ma mémoire pour le moment : réessaie dans une minute.
discord-refused = Discord n'a pas voulu afficher cette réponse : pose ta question autrement.

thinking = Je réfléchis…
rest-in-file = Toute la réponse se trouve dans le fichier joint.
thought-in-file = Toutes ces réflexions se trouvent dans le fichier joint.
thought-gone = Je n'ai plus ces réflexions : je les garde une heure au plus, et un redémarrage les efface.

note-broke-off = La réponse s'est interrompue ici. { $why }
note-too-long = Je m'arrête ici : cette réponse a atteint sa limite { $limit ->
        [one] d'{ $limit } caractère
       *[other] de { $limit } caractères
    }. Demande-moi de continuer si tu veux la suite.
note-too-slow = Je m'arrête ici : cette réponse a pris plus { $minutes ->
        [one] d'{ $minutes } minute
       *[other] de { $minutes } minutes
    }. Demande-moi de continuer si tu veux la suite.
note-token-ending = Je m'arrête ici : Discord ne me laisse que 15 minutes pour répondre à une commande. Demande-moi de continuer si tu veux la suite.
note-pictures-refused = J'ai répondu sans des images de cette conversation que Reka n'a pas acceptées.
note-restarted = Un redémarrage m'a interrompu au milieu de cette réponse : réessaie.
note-at-models-limit = Je m'arrête ici : cette réponse a atteint la limite du modèle.
note-only-thought = Je n'ai fait qu'y réfléchir, sans arriver à une réponse.

button-try-again = Réessayer
button-go-on = Continuer
button-thinking = Voir la réflexion
again-not-yours = Seule la personne qui a posé la question, ou quelqu'un qui gère les messages ici, peut réessayer.
again-running = Je m'en occupe déjà, ou la réponse est déjà là.
again-forgotten = Je ne me souviens plus de cette question : pose-la à nouveau.

reset-done = C'est fait : j'ai oublié cette conversation, et on repart de zéro.
reset-nothing = Il n'y avait rien à oublier : on repart de zéro.

operator-only = Cette commande est réservée à la personne qui me gère : demande-moi autre chose.
operator-synced = Discord a maintenant ces commandes : { $names }.
operator-sync-failed = Discord n'a pas accepté mes commandes ({ $why }) : réessaie dans une minute.
operator-reloaded = Rechargé : { $names }.
operator-reload-failed = { $name } n'a pas pu être rechargé ({ $why }) et continue comme avant : mon journal en dit plus.

file-too-many = { $limit ->
        [one] J'ai regardé seulement la première image
       *[other] J'ai regardé les { $limit } premières images
    } ; laissées de côté : { $names }.
file-too-large = J'ai laissé de côté { $name } : ce fichier dépasse { $limit_mib } Mio.
file-not-picture = J'ai laissé de côté { $name } : je ne peux regarder que des images PNG, JPEG, WebP et GIF.
file-broken = J'ai laissé de côté { $name } : ce fichier est abîmé, ou l'image est trop grande pour être ouverte.
file-refused = J'ai laissé de côté { $name } : Reka ne l'a pas accepté.
file-gone = J'ai laissé de côté { $name } : Discord n'a plus ce fichier, joins-le à nouveau.
file-unreachable = J'ai laissé de côté { $name } : je n'ai pas pu télécharger ce fichier, joins-le à nouveau.
file-forbidden-host = J'ai laissé de côté { $name } : je ne télécharge des fichiers que depuis Discord.

about-question = Explique-moi ce message, s'il te plaît.
go-on-question = Continue exactement là où tu t'es arrêté, dans la même langue, s'il te plaît.
